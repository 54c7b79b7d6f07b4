#pragma once

/* Loads the kernel's part and attaches it. Returns 0, or an errno. */
int start_watching(void);

/* Follows a process and its descendants. Returns 0, or an errno. */
int track(int pid, unsigned long long session);

/* Answers, with RECORD_SYNCED and once all that has happened until now was put. */
void sync_session(unsigned long long session);

/* Puts the answers whose time has come. */
void put_answers(void);

/* Puts what is to be looked after from time to time: losses, and the sessions that are over. */
void put_accounts(void);
