#pragma once

#include <linux/types.h>
#include <stddef.h>

#include "wire.h"

/* Puts bytes to be written; writes when many have gathered. The program ends where nobody reads them any more. */
void put(const void *bytes, size_t length);

/* Puts a record of this kind with its data, which says something of this session. */
void put_record(enum record_kind kind, __u64 session, int result, const void *data, size_t length);

/* Writes all that was put. */
void write_out(void);
