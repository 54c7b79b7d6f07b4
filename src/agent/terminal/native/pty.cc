// What Node cannot ask of a pseudo-terminal: to open one that no child inherits, its size in pixels, its modes, and its
// foreground process group. Functions are synchronous, take the master's file descriptor, and cost a system call or two.
// Beside it the lock on a file that the kernel gives back with the process.

#include <errno.h>
#include <fcntl.h>
#include <node_api.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "hidden_typing.h"

namespace {

constexpr size_t kMaxArguments = 5;

struct Arguments {
  napi_value values[kMaxArguments] = {};
  explicit Arguments(napi_env env, napi_callback_info info) {
    size_t count = kMaxArguments;
    napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  }
  int32_t integer(napi_env env, size_t index) const {
    int32_t value = -1;
    if (values[index] != nullptr) napi_get_value_int32(env, values[index], &value);
    return value;
  }
};

napi_value failed(napi_env env, const char* call) {
  char message[128];
  snprintf(message, sizeof message, "%s: %s", call, strerror(errno));
  napi_throw_error(env, nullptr, message);
  return nullptr;
}

napi_value number(napi_env env, int32_t value) {
  napi_value result = nullptr;
  napi_create_int32(env, value, &result);
  return result;
}

napi_value boolean(napi_env env, bool value) {
  napi_value result = nullptr;
  napi_get_boolean(env, value, &result);
  return result;
}

// open() -> { master, control, slave, path }. `control` is a duplicate of `master`: one is given to the event loop,
// which closes it when it sees the end, the other stays good for reading what is left.
napi_value Open(napi_env env, napi_callback_info) {
  const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (master < 0) return failed(env, "posix_openpt");
  char path[64];
  int slave = -1;
  int control = -1;
  if (grantpt(master) == 0 && unlockpt(master) == 0 && ptsname_r(master, path, sizeof path) == 0) {
    slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    control = fcntl(master, F_DUPFD_CLOEXEC, 3);
  }
  if (slave < 0 || control < 0) {
    napi_value thrown = failed(env, "opening the pseudo-terminal");
    close(master);
    if (slave >= 0) close(slave);
    if (control >= 0) close(control);
    return thrown;
  }
  napi_value result = nullptr;
  napi_value name = nullptr;
  napi_create_object(env, &result);
  napi_create_string_utf8(env, path, NAPI_AUTO_LENGTH, &name);
  napi_set_named_property(env, result, "master", number(env, master));
  napi_set_named_property(env, result, "control", number(env, control));
  napi_set_named_property(env, result, "slave", number(env, slave));
  napi_set_named_property(env, result, "path", name);
  return result;
}

// read(fd, buffer) -> how many bytes it read: as many as the kernel has now and the buffer holds. A PTY gives less than 4 KiB
// at a time, and a turn of the event loop for each would be most of a recording's cost.
napi_value Read(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  void* data = nullptr;
  size_t length = 0;
  if (napi_get_buffer_info(env, arguments.values[1], &data, &length) != napi_ok) {
    errno = EINVAL;
    return failed(env, "read");
  }
  size_t filled = 0;
  while (filled < length) {
    const ssize_t count = read(arguments.integer(env, 0), static_cast<char*>(data) + filled, length - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    filled += static_cast<size_t>(count);
  }
  return number(env, static_cast<int32_t>(filled));
}

// resize(fd, cols, rows, widthPx, heightPx)
napi_value Resize(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  struct winsize size = {};
  size.ws_col = static_cast<unsigned short>(arguments.integer(env, 1));
  size.ws_row = static_cast<unsigned short>(arguments.integer(env, 2));
  size.ws_xpixel = static_cast<unsigned short>(arguments.integer(env, 3));
  size.ws_ypixel = static_cast<unsigned short>(arguments.integer(env, 4));
  if (ioctl(arguments.integer(env, 0), TIOCSWINSZ, &size) != 0) return failed(env, "TIOCSWINSZ");
  return nullptr;
}

// foreground(fd) -> the foreground process group, 0 where there is none
napi_value Foreground(napi_env env, napi_callback_info info) {
  const pid_t group = tcgetpgrp(Arguments(env, info).integer(env, 0));
  return number(env, group > 0 ? group : 0);
}

// echoes(fd) -> false at a password prompt
napi_value Echoes(napi_env env, napi_callback_info info) {
  const int fd = Arguments(env, info).integer(env, 0);
  struct termios modes;
  if (tcgetattr(fd, &modes) != 0) return failed(env, "tcgetattr");
  return boolean(env, !hidden_typing::HidesTyping(fd, 0));
}

enum class Field { Character, Input, Local, Output, Control };

struct Mode {
  const char* name;
  Field field;
  tcflag_t value;
};

// RFC 4254, section 8 (and RFC 8160 for IUTF8); baud rates mean nothing here.
constexpr Mode kModes[] = {
    {"VINTR", Field::Character, VINTR},   {"VQUIT", Field::Character, VQUIT},     {"VERASE", Field::Character, VERASE},
    {"VKILL", Field::Character, VKILL},   {"VEOF", Field::Character, VEOF},       {"VEOL", Field::Character, VEOL},
    {"VEOL2", Field::Character, VEOL2},   {"VSTART", Field::Character, VSTART},   {"VSTOP", Field::Character, VSTOP},
    {"VSUSP", Field::Character, VSUSP},   {"VREPRINT", Field::Character, VREPRINT},
    {"VWERASE", Field::Character, VWERASE}, {"VLNEXT", Field::Character, VLNEXT},
    {"VDISCARD", Field::Character, VDISCARD},
    {"IGNPAR", Field::Input, IGNPAR},     {"PARMRK", Field::Input, PARMRK},       {"INPCK", Field::Input, INPCK},
    {"ISTRIP", Field::Input, ISTRIP},     {"INLCR", Field::Input, INLCR},         {"IGNCR", Field::Input, IGNCR},
    {"ICRNL", Field::Input, ICRNL},       {"IXON", Field::Input, IXON},           {"IXANY", Field::Input, IXANY},
    {"IXOFF", Field::Input, IXOFF},       {"IMAXBEL", Field::Input, IMAXBEL},     {"IUCLC", Field::Input, IUCLC},
    {"IUTF8", Field::Input, IUTF8},
    {"ISIG", Field::Local, ISIG},         {"ICANON", Field::Local, ICANON},       {"ECHO", Field::Local, ECHO},
    {"ECHOE", Field::Local, ECHOE},       {"ECHOK", Field::Local, ECHOK},         {"ECHONL", Field::Local, ECHONL},
    {"NOFLSH", Field::Local, NOFLSH},     {"TOSTOP", Field::Local, TOSTOP},       {"IEXTEN", Field::Local, IEXTEN},
    {"ECHOCTL", Field::Local, ECHOCTL},   {"ECHOKE", Field::Local, ECHOKE},
    {"OPOST", Field::Output, OPOST},      {"OLCUC", Field::Output, OLCUC},        {"ONLCR", Field::Output, ONLCR},
    {"OCRNL", Field::Output, OCRNL},      {"ONOCR", Field::Output, ONOCR},        {"ONLRET", Field::Output, ONLRET},
    {"PARENB", Field::Control, PARENB},   {"PARODD", Field::Control, PARODD},
};

void assign(struct termios* modes, const Mode& mode, uint32_t value) {
  tcflag_t* flags = nullptr;
  switch (mode.field) {
    case Field::Character:
      modes->c_cc[mode.value] = value == 255 ? _POSIX_VDISABLE : static_cast<cc_t>(value);
      return;
    case Field::Input: flags = &modes->c_iflag; break;
    case Field::Local: flags = &modes->c_lflag; break;
    case Field::Output: flags = &modes->c_oflag; break;
    case Field::Control: flags = &modes->c_cflag; break;
  }
  *flags = value != 0 ? *flags | mode.value : *flags & ~mode.value;
}

// setMode(fd, name, value) -> whether the name is known
napi_value SetMode(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  char name[16] = "";
  size_t length = 0;
  napi_get_value_string_utf8(env, arguments.values[1], name, sizeof name, &length);
  for (const Mode& mode : kModes) {
    if (strcmp(mode.name, name) != 0) continue;
    struct termios modes;
    const int fd = arguments.integer(env, 0);
    if (tcgetattr(fd, &modes) != 0) return failed(env, "tcgetattr");
    assign(&modes, mode, static_cast<uint32_t>(arguments.integer(env, 2)));
    if (tcsetattr(fd, TCSANOW, &modes) != 0) return failed(env, "tcsetattr");
    return boolean(env, true);
  }
  return boolean(env, false);
}

// lock(fd) -> whether it is this process's now; not waited for
napi_value Lock(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  if (flock(arguments.integer(env, 0), LOCK_EX | LOCK_NB) == 0) return boolean(env, true);
  return errno == EWOULDBLOCK ? boolean(env, false) : failed(env, "flock");
}

void provide(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function = nullptr;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
  napi_set_named_property(env, exports, name, function);
}

napi_value Initialise(napi_env env, napi_value exports) {
  provide(env, exports, "open", Open);
  provide(env, exports, "read", Read);
  provide(env, exports, "resize", Resize);
  provide(env, exports, "foreground", Foreground);
  provide(env, exports, "echoes", Echoes);
  provide(env, exports, "setMode", SetMode);
  provide(env, exports, "lock", Lock);
  return exports;
}

}  // namespace

NAPI_MODULE(mezite_pty, Initialise)
