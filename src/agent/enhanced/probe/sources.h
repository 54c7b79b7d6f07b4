#pragma once

/* The rings on which the kernel's part tells what it sees, in the order in which they are looked at. */
enum source_kind { SOURCE_COMMANDS, SOURCE_CONNECTIONS, SOURCE_FILES, SOURCES };

/* How far each ring had been written at some time. */
struct moment {
  unsigned long written[SOURCES];
};

/* Opens the rings, which are these maps. Returns 0, or an errno. */
int open_sources(const int maps[SOURCES]);

/* The descriptor that is readable when there are events. */
int events_descriptor(void);

/* Puts some events of each ring: so many that none makes the others, or an answer, wait for long. */
void put_events(void);

/* How far the rings are written now. */
struct moment written_now(void);

/* Whether every event of before that moment has been put. */
int is_put(const struct moment *moment);
