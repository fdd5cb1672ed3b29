// Package tcpdiag lists the TCP connections of a network namespace with what the kernel knows of
// them (inet_diag, TCP_INFO). It needs no rights.
package tcpdiag
