// Package pathlab makes paths in network namespaces that do to large packets what paths on the
// Internet do.
package pathlab
