/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is next?  sched.c asks at every point where threads could change places; the answer is a pure function of the schedule and of
 * the answers before, so a run can be repeated.
 *
 *      in turn       nobody is interrupted; who waits is followed by the next one
 *      random        one point in four, by a seed
 *      priorities    probabilistic concurrency testing: the thread with the highest of random priorities runs, and at d-1 random
 *                    points of the run it falls behind all others.  A bug that needs d steps in a certain order is met with
 *                    probability 1/(n k^(d-1)) at least, for n threads and k points: with few seeds, if d is small
 *      every         all schedules with at most so many interruptions, depth first: the answers of a run are kept, the last one that
 *                    has an alternative is changed, everything behind it is forgotten
 *      replay        the answers of one such run
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kern/base/debug.h"
#include "tests/host/host.h"

#define ANSWERS_MAX  65536u
#define CHANGES_MAX  8u
#define TEXT_MAX     2048u
#define SWITCH_ODDS  4u /* random: one point in so many */
#define LIVELOCK     400000u
#define PRIORITY_TOP (1 << 30)

static struct host_schedule schedule;
static uint64_t points;
static unsigned since_join; /* for the livelock bound */
static uint32_t rng;

/* every, replay */
static struct {
	uint8_t taken, options;
} answer[ANSWERS_MAX];
static unsigned answers, known, interruptions;

/* priorities */
static int priority[HOST_THREADS];
static uint64_t change[CHANGES_MAX];
static int lowest;

static uint32_t
next_random(uint32_t *state)
{
	uint32_t x = *state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	*state = x;
	return x;
}

/* "preemptions/place:answer,place:answer": what is not listed is 0. */
static void
parse_choices(const char *text)
{
	char *end;

	memset(answer, 0, sizeof(answer));
	schedule.preemptions = (unsigned)strtoul(text, &end, 10);
	known = 0;
	while (*end == '/' || *end == ',') {
		unsigned place = (unsigned)strtoul(end + 1, &end, 10);

		KASSERT(*end == ':' && place < ANSWERS_MAX);
		answer[place].taken = (uint8_t)strtoul(end + 1, &end, 10);
		known = place + 1;
	}
}

const char *
host_schedule_text(void)
{
	static char text[TEXT_MAX];
	size_t n = (size_t)snprintf(text, sizeof(text), "%u", schedule.preemptions);

	for (unsigned i = 0; i < answers && n < sizeof(text) - 20; i++)
		if (answer[i].taken != 0)
			n += (size_t)snprintf(&text[n], sizeof(text) - n, "%c%u:%u",
			    strchr(text, '/') != NULL ? ',' : '/', i, answer[i].taken);
	return text;
}

void
host_schedule_begin(const struct host_schedule *s)
{
	bool goes_on = s->policy == HOST_EVERY && schedule.policy == HOST_EVERY;

	schedule = *s;
	points = answers = interruptions = 0;
	rng = s->seed * 0x9e3779b9u + 1;
	rng = rng != 0 ? rng : 1;
	if (s->policy == HOST_REPLAY)
		parse_choices(s->choices);
	else if (!goes_on)
		known = 0;
	lowest = CHANGES_MAX;
	for (unsigned i = 0; i < CHANGES_MAX; i++) {
		uint64_t at = 1 + next_random(&rng) % (s->length > 0 ? s->length : 1);

		change[i] = i + 1 < s->depth ? at : 0;
	}
	for (unsigned i = 0; i < HOST_THREADS; i++)
		host_schedule_spawned(i);
}

void
host_schedule_end(void)
{
	/* Between two runs of "every" its answers stay. */
	if (schedule.policy != HOST_EVERY)
		schedule.policy = HOST_IN_TURN;
}

bool
host_schedule_next(void)
{
	while (answers > 0 && answer[answers - 1].taken + 1 >= answer[answers - 1].options)
		answers--;
	known = answers;
	if (answers == 0) {
		schedule.policy = HOST_IN_TURN;
		return false;
	}
	answer[answers - 1].taken++;
	return true;
}

void
host_schedule_joined(void)
{
	since_join = 0;
}

uint64_t
host_schedule_points(void)
{
	return points;
}

bool
host_schedule_interrupts(void)
{
	return schedule.policy != HOST_IN_TURN || host_knobs.seed != 0;
}

void
host_schedule_spawned(unsigned thread)
{
	priority[thread] = PRIORITY_TOP + (int)(next_random(&rng) >> 3);
}

/* The highest priority, after a fall of the one who runs if this is a place for it. */
static unsigned
by_priority(const unsigned *who, unsigned n, unsigned running, bool gives_way)
{
	unsigned best = 0;

	for (unsigned i = 0; i < CHANGES_MAX; i++)
		if (change[i] == points)
			priority[running] = (int)i;
	if (gives_way)
		priority[running] = --lowest - (int)CHANGES_MAX;
	for (unsigned i = 1; i < n; i++)
		if (priority[who[i]] > priority[who[best]])
			best = i;
	return best;
}

static unsigned
by_answers(unsigned n, bool may_stay)
{
	unsigned taken = 0;

	if (n == 1 || (may_stay && interruptions >= schedule.preemptions))
		return 0;
	if (answers >= ANSWERS_MAX)
		panic("a schedule with more than %u choices", ANSWERS_MAX);
	if (answers < known)
		taken = answer[answers].taken;
	if (taken >= n)
		panic("the run does not depend on its schedule alone");
	answer[answers].taken = (uint8_t)taken;
	answer[answers++].options = (uint8_t)n;
	interruptions += may_stay && taken != 0;
	return taken;
}

static unsigned
at_random(unsigned n, bool may_stay, uint32_t *state)
{
	if (may_stay && next_random(state) % SWITCH_ODDS != 0)
		return 0;
	return next_random(state) % n;
}

unsigned
host_schedule_choose(
    const unsigned *who, unsigned n, unsigned running, bool may_stay, bool gives_way)
{
	points++;
	if (++since_join == LIVELOCK) {
		host_report_threads();
		panic("livelock: no end after %u points", LIVELOCK);
	}
	switch (schedule.policy) {
	case HOST_RANDOM:
		return at_random(n, may_stay, &rng);
	case HOST_PRIORITIES:
		return by_priority(who, n, running, gives_way);
	case HOST_EVERY:
	case HOST_REPLAY:
		return by_answers(n, may_stay);
	case HOST_IN_TURN:
		break;
	}
	return host_knobs.seed != 0 ? at_random(n, may_stay, &host_knobs.seed) : 0;
}
