// Package service runs pipelines for as long as the program lives, and exchanges
// them when another configuration is wanted.
//
// A [Service] takes what it is to run from a [Source], which reads and checks the
// configuration. It knows nothing of files: to it a pipeline is a name, a function
// that builds it, and an identity by which an unchanged one is recognised.
//
// # Reload
//
// A reload is all or nothing. Its steps are
//
//	load    the source reads the configuration, and all new pipelines are built
//	prepare what it needs beside them is taken ([Configuration.Prepare])
//	open    they are opened, while the old ones still run
//	close   old ones that hold what a new one needs for itself are closed, and
//	        then these are opened too
//	switch  the new ones run, and the old ones end and log their counters
//
// A mistake or a refusal before the switch ends the reload. What was opened is closed, and
// what had to be closed is built and opened again, with its counters at zero and its
// limits full; if that fails, the pipeline has failed. Other pipelines are not touched.
//
// Unchanged pipelines keep their sockets, limits and counters. One that has failed is
// started again by a reload, changed or not. One whose sources have ended is left alone.
//
// Settings of the program as a whole are the caller's ([Configuration.Prepare],
// [Configuration.Adopt]).
//
// What is exclusive on the host ([pipeline.Needs]) can't be open twice: an NFLOG group, a
// file that is written. There packets are lost between the old pipeline's end and the new
// one's start.
//
// Everywhere else nothing is lost, at a price: both are open for some milliseconds, and a
// packet that arrives then is handled twice. A duplicate does no harm, while a lost message
// is sent again only after the connection has timed out once more. A source that stops
// delivers what it has captured. What overflows at the new one before it runs is counted as
// lost there, though the old one had it.
//
// Each step has a deadline. A pipeline that doesn't open in time counts as refused. One
// that doesn't end in time is left behind, and the log says so.
//
// Requests to reload during a reload become one reload after it. Stopping ends a reload.
//
// # Signs of life
//
// [Service.Status] reports what runs. The service manager gets the same, with the rates of
// packets. Its watchdog is kept alive only while all running pipelines answer when they are
// asked for their counters: if one hangs with its lock held, the service manager restarts
// the program.
package service
