/*
 * PUT, GET and STAT run on one thread of their own: a disk that does not answer must not silence the channel.
 * PUT writes to a file beside the target and renames it at the last piece, after fsync.
 */
#ifndef FILES_H
#define FILES_H

#include "channel.h"

/* Requests that wait for the disk; each holds at most a frame. */
#define FILE_JOBS_MAX 8
/* Transfers that were begun and not ended; the oldest is given up and its file removed. */
#define TRANSFERS_MAX 16

/* A descriptor that polls readable when answers wait for files_answer. */
int files_start(void);
bool files_busy(void);
void files_request(struct origin origin, const struct frame *frame);
void files_answer(void);

#endif
