// Package monitor serves metrics, health and a page of a service over HTTP:
//
//	/          a page for browsers, see package page; /api/ the same in JSON
//	/metrics   figures for Prometheus
//	/livez     200 while every engine that runs answers, otherwise 503
//	/readyz    200 while every pipeline and stage is well, otherwise 503 and the
//	           reasons; with ?verbose all of them
//
// It is made for a port that others can reach. It reads only the request's line and header,
// each step has a timeout, and connections are few and short. No request changes anything.
package monitor
