#pragma once

/* Loads the kernel's part and attaches it. Returns 0, or an errno. */
int start_watching(void);

/* The descriptor that is readable when there are events. */
int events_descriptor(void);

/* Puts events: every command and connection first, and of the files so many that the others do not wait for long. */
void put_events(void);

/* Follows a process and its descendants. Returns 0, or an errno. */
int track(int pid, unsigned long long session);

/* Puts everything that has happened until now, and how much of this session was lost. */
void put_everything(unsigned long long session);

/* Puts what is to be looked after from time to time: losses, and the sessions that are over. */
void put_accounts(void);
