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
//	switch  the new ones run, and the old ones end and print their books
//
// A mistake or a refusal before the switch ends the reload: what was opened is
// closed, what had to be closed is built and opened again, and everything else has
// never noticed. Such a pipeline begins with empty books and full limits, as does one
// that was changed; one that can't be opened again has failed. Unchanged pipelines are
// not touched: sockets, limits and counters stay. One that has failed is started anew by
// a reload, changed or not; one whose sources came to their end is left alone.
//
// Settings of the program as a whole are its own affair ([Configuration.Prepare],
// [Configuration.Adopt]).
//
// Only what is exclusive on the host ([pipeline.Needs]) can't be open twice: a group of
// netfilter's log, a file that is written. There packets are lost between the
// old one's end and the new one's begin.
//
// Everywhere else nothing is lost, and that has a price: both are open for some
// milliseconds, and a packet that arrives then is handled twice. That is the better
// mistake. A message that comes twice does no harm; one that is lost is only
// sent again when the connection that it is about has timed out once more. A source
// that is told to stop delivers what it has captured. What overflows at the new one
// before it runs is counted as lost there, though the old one had it.
//
// Each step has a deadline. A pipeline that doesn't open in time counts as refused; one
// that doesn't end in time is left behind, and the log says so.
//
// A reload that is asked for while another one goes on comes after it, once, however
// often it was asked for. Being told to stop ends it.
//
// # Signs of life
//
// [Service.Status] tells what runs. The same goes to the service manager, together
// with the rates of packets. Its watchdog is fed only while all pipelines
// that run answer when they are asked for their books: one that hangs with its lock held
// makes the service manager start the program anew.
package service
