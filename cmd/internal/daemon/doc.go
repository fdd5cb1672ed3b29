// Package daemon runs the pipelines of a configuration as a daemon: it puts together what
// its folders hold.
//
//	service     runs pipelines and exchanges them on reload
//	sandbox     gives up the rights that the process does not need
//	live        rates, top lists and packets as they are decided
//	control     serves status, top lists and taps over a socket
//	monitor     serves metrics, health and the page over HTTP
//	page        shows what the daemon does in a browser
//	metrics     are the figures for Prometheus
//	health      judges whether stages do their work
//	logging     writes the log
//	systemd     notifies the service manager
//	connlimit   bounds the open connections of an HTTP server
//	hostcheck   looks for what a host lacks, before anything runs
package daemon
