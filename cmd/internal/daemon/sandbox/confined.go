package sandbox

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Confined describes how [Enter] confined a process.
type Confined struct {
	Plan   Plan
	Mode   Mode
	Report Report
}

// Lacks returns in words what the process gave up of a plan. Ports to listen on are not
// among it: the kernel can be asked for them without harm.
func (c Confined) Lacks(wanted Plan) (lacks []string) {
	if c.Mode != Off {
		lacks = append(lacks, except(wanted.Capabilities, c.Plan.Capabilities)...)
	}
	if isConfined(c.Report.Calls) {
		lacks = append(lacks, sockets(except(wanted.Families, c.Plan.Families))...)
		lacks = append(lacks, sockets(except(wanted.Netlink, c.Plan.Netlink))...)
		lacks = append(lacks, sockets(except(wanted.Streams, slices.Concat(c.Plan.Streams, c.Plan.Families)))...)
	}
	if isConfined(c.Report.Files) && !slices.Contains(c.Report.Remains, remainPorts) {
		for _, port := range except(wanted.Connect, c.Plan.Connect) {
			lacks = append(lacks, fmt.Sprintf("connections to TCP port %d", port))
		}
	}
	files := isConfined(c.Report.Files)
	for _, dir := range wanted.Write {
		if files && !within(dir, c.Plan.Write) || c.Plan.User != nil && mayNotWrite(dir) {
			lacks = append(lacks, "the right to write in "+dir)
		}
	}
	for _, dir := range wanted.Read {
		if files && !within(dir, slices.Concat(c.Plan.Read, c.Plan.Write)) {
			lacks = append(lacks, "the right to read in "+dir)
		}
	}
	return lacks
}

// NotWritable returns the folders of the plan in which its user may not write.
func (c Confined) NotWritable() (folders []string) {
	if c.Plan.User == nil {
		return nil
	}
	for _, dir := range c.Plan.Write {
		if mayNotWrite(dir) {
			folders = append(folders, dir)
		}
	}
	return folders
}

// Denied returns the files and folders of the plan that are there and that the process may
// not open, in spite of it: a folder to which a path leads was made after the process was
// confined, or the user has no rights to it.
func (c Confined) Denied() (paths []string) {
	for _, path := range slices.Concat(c.Plan.Files, c.Plan.Write) {
		if MayNotOpen(path) {
			paths = append(paths, path)
		}
	}
	return paths
}

func sockets(kinds []string) (names []string) {
	for _, kind := range kinds {
		names = append(names, kind+" sockets")
	}
	return names
}

// except returns the elements that the other list lacks.
func except[T comparable](list, other []T) (rest []T) {
	for _, e := range list {
		if !slices.Contains(other, e) {
			rest = append(rest, e)
		}
	}
	return rest
}

// within reports whether a path is one of the folders, or below one.
func within(path string, folders []string) bool {
	path = resolve(path)
	return slices.ContainsFunc(folders, func(dir string) bool {
		below, _ := filepath.Rel(resolve(dir), path)
		return filepath.IsLocal(below) // an empty path is not
	})
}

// resolve returns the path without links, as far as they can be followed.
func resolve(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return path
}

// isConfined reports whether a text of a [Report] names a restriction.
func isConfined(report string) bool { return !strings.HasPrefix(report, notConfined) }
