// Package rig has what experiments share: a host on a wire, made of network namespaces,
// the program under test, and the CPUs that it runs on.
package rig
