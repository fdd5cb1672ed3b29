// Package report writes what a replay came to as an HTML page with pictures.
//
//	replay ── every packet ──┬─ timeline: packets by verdict and time
//	                         └─ lists: next-hop MTUs, routers, clients
//	replay ── summary ───────── stages as a funnel, sinks
//
// The page is one file without scripts that loads nothing: pictures are SVG, and next to each
// stand its figures as a table. The memory that a report needs does not depend on the number of
// packets. The timeline has at most maxBins bins, which grow with the capture. The lists are
// sketches ([heavy.Sketch]), which are exact up to some thousand addresses.
//
// Names and addresses come from outside; html/template escapes them.
package report
