// Package netspace finds the network namespaces of a host, those of containers too, and calls
// functions in them. To enter another one takes CAP_SYS_ADMIN.
package netspace
