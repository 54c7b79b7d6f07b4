// Whether what is typed into a pseudo-terminal would be shown: also where the program at it passes all that is typed on to a
// pseudo-terminal of its own (sudo with use_pty, script, su --pty), so that the prompt for a password is at that one.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

namespace hidden_typing {

// Pseudo-terminals inside of each other, and processes looked at for each: a bound on what a keystroke may cost.
constexpr int kDeepest = 4;
constexpr int kMostProcesses = 64;

class Descriptor {
 public:
  explicit Descriptor(long fd) : fd_(static_cast<int>(fd)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// What /proc/PID/FILE begins with; empty for a process that is gone or may not be looked into.
template <size_t kSize>
bool ReadProc(char (&text)[kSize], pid_t pid, const char* file) {
  char path[128];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
  const Descriptor descriptor(open(path, O_RDONLY | O_CLOEXEC));
  const ssize_t count = descriptor.get() < 0 ? -1 : read(descriptor.get(), text, kSize - 1);
  text[count < 0 ? 0 : count] = '\0';
  return count > 0;
}

// The fifth field of proc(5)'s stat; the name before it may hold anything.
pid_t GroupOf(pid_t pid) {
  char stat[512];
  if (!ReadProc(stat, pid, "stat")) return 0;
  const char* name_end = strrchr(stat, ')');
  int group = 0;
  if (name_end == nullptr || sscanf(name_end + 1, " %*c %*d %d", &group) != 1) return 0;
  return group;
}

bool HidesTyping(int fd, int depth);

// Whether one of the process's own pseudo-terminals hides what is typed.
bool OneOfItsOwnHides(pid_t pid, int depth) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd", pid);
  DIR* folder = opendir(path);
  if (folder == nullptr) return false;
  bool hides = false;
  for (const dirent* entry = readdir(folder); entry != nullptr && !hides; entry = readdir(folder)) {
    char target[64];
    const ssize_t length = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);
    if (length < 5) continue;
    target[length] = '\0';
    if (strcmp(target + length - 5, "/ptmx") != 0) continue;
    const Descriptor process(syscall(SYS_pidfd_open, pid, 0));
    if (process.get() < 0) continue;
    const Descriptor inner(syscall(SYS_pidfd_getfd, process.get(), atoi(entry->d_name), 0));
    hides = inner.get() >= 0 && HidesTyping(inner.get(), depth + 1);
  }
  closedir(folder);
  return hides;
}

// Looks at the foreground processes among the leader of the terminal's session and its descendants.
bool InnerTerminalHides(int fd, int depth) {
  const pid_t foreground = tcgetpgrp(fd);
  const pid_t leader = tcgetsid(fd);
  if (foreground <= 0 || leader <= 0) return false;
  pid_t processes[kMostProcesses] = {leader};
  int count = 1;
  for (int index = 0; index < count; index++) {
    const pid_t pid = processes[index];
    if (GroupOf(pid) == foreground && OneOfItsOwnHides(pid, depth)) return true;
    char file[32];
    snprintf(file, sizeof file, "task/%d/children", pid);
    char children[1024];
    if (!ReadProc(children, pid, file)) continue;
    char* rest = nullptr;
    for (char* word = strtok_r(children, " ", &rest); word != nullptr; word = strtok_r(nullptr, " ", &rest)) {
      if (count < kMostProcesses && atoi(word) > 0) processes[count++] = atoi(word);
    }
  }
  return false;
}

// ECHO is off while ICANON is on, as at a password prompt, here or at an inner terminal; a terminal without ICANON passes
// on what is typed, or has a program that shows what it wants.
bool HidesTyping(int fd, int depth) {
  struct termios modes;
  if (tcgetattr(fd, &modes) != 0) return false;
  if ((modes.c_lflag & ICANON) != 0) return (modes.c_lflag & ECHO) == 0;
  return depth < kDeepest && InnerTerminalHides(fd, depth);
}

}  // namespace hidden_typing
