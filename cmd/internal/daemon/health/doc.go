// Package health judges whether a service does its work, from the reports of its
// pipelines.
//
// Two questions are kept apart. A process is alive while its engines answer: one that
// does not hangs with its lock held, and only a new process helps ([service.Snapshotter]). It is
// ready while every stage can do its work ([Judge]): an interface that is down is no
// reason to restart, but whoever sends traffic or looks after the host should know.
package health
