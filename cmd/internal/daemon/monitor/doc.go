// Package monitor serves what a service tells of itself over HTTP:
//
//	/metrics   figures for Prometheus
//	/livez     200 while every engine that runs answers, otherwise 503
//	/readyz    200 while every pipeline and stage is well, otherwise 503 and the
//	           reasons; with ?verbose all of them
//
// It is made for a port that others can reach: it reads nothing but the request's
// line and header, every step has its time, and connections are few and short.
// Nothing that is asked changes anything.
package monitor
