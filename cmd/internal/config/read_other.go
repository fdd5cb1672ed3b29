//go:build !unix

package config

// openWithoutWaiting is for systems with pipes in their file system.
const openWithoutWaiting = 0
