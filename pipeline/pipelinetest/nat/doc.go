// Package nat sets destination NAT in network namespaces, as kube-proxy and Docker set it on
// a node: a service's address leads to a container. For tests and for programs that
// demonstrate something; the product has no part in it.
//
// The package is for Linux. It speaks netlink; no other program is run.
package nat
