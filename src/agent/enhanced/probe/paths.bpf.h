/* Paths as the kernel knows them, not as a program spelt them. */
#pragma once

#define PATH_DEPTH 64

/*
 * Appends the names of a path, up through its mounts to the root of its mount namespace. Where a record has no room for
 * more, or the path is deeper than that, what is missing are the names at its beginning.
 */
static __noinline int append_names(struct scratch *scratch, struct vfsmount *vfsmount, struct dentry *dentry) {
  struct mount *mount = (void *)vfsmount - bpf_core_field_offset(struct mount, mnt);
  /* In memory, and volatile: the verifier forgets what it is, and need not follow every length through the loop. */
  volatile __u32 *used = &scratch->used;
  for (int depth = 0; depth < PATH_DEPTH; depth++) {
    if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
      struct mount *parent = BPF_CORE_READ(mount, mnt_parent);
      if (parent == mount) return 0;
      dentry = BPF_CORE_READ(mount, mnt_mountpoint);
      mount = parent;
      continue;
    }
    __u32 at = *used;
    if (at > DATA_BYTES - NAME_BYTES) break;
    long length = bpf_probe_read_kernel_str(scratch->data + at, NAME_BYTES, BPF_CORE_READ(dentry, d_name.name));
    if (length <= 0) break;
    *used = at + length;
    struct dentry *parent = BPF_CORE_READ(dentry, d_parent);
    if (parent == dentry) return 0;
    dentry = parent;
  }
  scratch->head.flags |= FLAG_CUT;
  return 0;
}

static __always_inline struct file *file_of(struct task_struct *task, __u32 descriptor) {
  struct fdtable *table = BPF_CORE_READ(task, files, fdt);
  if (descriptor >= BPF_CORE_READ(table, max_fds)) return 0;
  struct file **slot = BPF_CORE_READ(table, fd);
  struct file *file = 0;
  bpf_probe_read_kernel(&file, sizeof file, slot + descriptor);
  return file;
}

static __always_inline void append_file(struct scratch *scratch, struct file *file) {
  append_names(scratch, BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry));
}

static __always_inline void append_working_directory(struct scratch *scratch, struct task_struct *task) {
  struct fs_struct *fs = BPF_CORE_READ(task, fs);
  append_names(scratch, BPF_CORE_READ(fs, pwd.mnt), BPF_CORE_READ(fs, pwd.dentry));
}

#define AT_FDCWD -100

/* A path as a program spelt it, and, where that is relative, the names of the directory that it starts from. */
static __noinline int append_asked(struct scratch *scratch, struct task_struct *task, unsigned long path, int directory) {
  long length = bpf_probe_read_user_str(scratch->data, PATH_BYTES, (void *)path);
  if (length <= 0 || length > PATH_BYTES) {
    scratch->head.flags |= FLAG_CUT;
    return 0;
  }
  scratch->head.detail[1] = length;
  scratch->used = length;
  if (scratch->data[0] == '/') return 0;
  if (directory == AT_FDCWD) {
    append_working_directory(scratch, task);
  } else {
    struct file *file = file_of(task, directory);
    if (file) append_file(scratch, file);
  }
  return 0;
}
