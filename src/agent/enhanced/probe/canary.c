#include "canary.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

int canary(void) {
  char gate;
  if (read(STDIN_FILENO, &gate, 1) != 1) return 1;
  execl("/proc/self/exe", "mezite-canary", "sing", (char *)NULL);
  return 1;
}

int canary_sings(void) {
  const struct sockaddr_in discard = {
      .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const int opened = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int connected = connect(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), (const void *)&discard, sizeof discard);
  return opened >= 0 && connected == 0 ? CANARY_STATUS : 1;
}
