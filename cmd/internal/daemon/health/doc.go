// Package health judges whether a service does its work, from what its pipelines tell
// when they are asked.
//
// Two questions are kept apart. A process is alive while its engines answer: one that
// does not hangs with its lock held, and only a new process helps ([service.Questions]). It is
// ready while every stage can do its work ([Judge]): an interface that is down is no
// reason to start anew, but whoever sends traffic or looks after the host should know.
package health
