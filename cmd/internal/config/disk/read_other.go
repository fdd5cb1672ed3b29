//go:build !unix

package disk

// openWithoutWaiting is for systems with pipes in their file system.
const openWithoutWaiting = 0
