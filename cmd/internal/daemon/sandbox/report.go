package sandbox

import "strings"

// Mode says how much of the sandbox must be had.
type Mode string

// Modes.
const (
	Auto     Mode = "auto"     // as much as the kernel has
	Off      Mode = "off"      // nothing but the user
	Required Mode = "required" // all, or an error
)

// notConfined begins what a [Report] says when nothing confines.
const notConfined = "not confined"

// These are among what a [Report] says that remains.
const (
	remainTruncate = "to empty its user's files where it may read"
	remainPorts    = "to use all TCP ports"
	remainUDP      = "to send UDP to all addresses"
)

// Report describes how the process is confined.
type Report struct {
	User         string   // whom it became; empty: nobody else
	Capabilities []string // that it still has
	Files        string   // what confines files and TCP ports, or why nothing does
	Calls        string   // what confines sockets and other system calls, or why nothing does

	// Remains is what somebody who takes the process over could still do, beside what it
	// needs, for want of something in the kernel or because it is root.
	Remains []string
}

// Attrs returns the report for a line of a log.
func (r Report) Attrs() []any {
	capabilities := strings.ToLower(strings.Join(r.Capabilities, ","))
	if capabilities == "" {
		capabilities = "none"
	}
	attrs := []any{"capabilities", capabilities, "files", r.Files, "calls", r.Calls}
	if len(r.Remains) > 0 {
		attrs = append(attrs, "remains", strings.Join(r.Remains, ", "))
	}
	if r.User != "" {
		attrs = append([]any{"user", r.User}, attrs...)
	}
	return attrs
}
