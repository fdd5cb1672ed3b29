package flow

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
)

// table is where the kernel keeps flows.
type table interface {
	// has reports whether the kernel has the quoted packet's flow.
	has(q *pipeline.Quoted) (bool, error)
	close() error
}

// Open opens a socket to each table.
func (f *filter) Open(context.Context) error {
	for _, t := range f.Tables {
		opened, err := openTable(t)
		if err != nil {
			return errors.Join(err, f.Close())
		}
		f.tables = append(f.tables, opened)
	}
	return nil
}

func openTable(t Table) (table, error) {
	if t == Conntrack {
		return openConntrack()
	}
	return openSockets()
}

// Close closes what Open opened.
func (f *filter) Close() error {
	var errs []error
	for _, t := range f.tables {
		errs = append(errs, t.close())
	}
	f.tables = nil
	return errors.Join(errs...)
}

// Needs is [pipeline.HostUser].
func (f *filter) Needs() pipeline.Needs {
	n := pipeline.Needs{Families: []string{"AF_NETLINK"}}
	if slices.Contains(f.Tables, Sockets) {
		n.Netlink = append(n.Netlink, "NETLINK_SOCK_DIAG")
	}
	if slices.Contains(f.Tables, Conntrack) {
		n.Capabilities = []string{"CAP_NET_ADMIN"}
		n.Netlink = append(n.Netlink, "NETLINK_NETFILTER")
	}
	return n
}

// isAbsent reports whether err is the kernel's answer that there is no such flow.
func isAbsent(err error) bool { return errors.Is(err, unix.ENOENT) }
