// Package interfaces has tests of pmtud on every kind of interface: what it captures there, and
// what it sends. They run where the kernel has the kind; `make kernels` runs them where all are.
package interfaces
