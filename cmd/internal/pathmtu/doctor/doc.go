// Package doctor finds what keeps path MTU discovery from working on a host: settings of the
// kernel, XDP programs, firewall rules, MTUs that do not fit, daemons that send twice, and
// connections that look black-holed. It reads and asks, and probes the default gateways and
// some clients whose connections are suspicious; it changes nothing.
package doctor
