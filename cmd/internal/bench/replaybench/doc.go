// Package replaybench measures offline replay beside tcpdump: the same capture read,
// filtered and written by both in turn, whole processes, as ratios of wall time.
package replaybench
