//go:build !linux

package hostcheck

import (
	"errors"

	"github.com/pmtud/pmtud/pipeline"
)

// There are live sources and sinks on Linux only.

func (c *checker) iface(string) {}

func (c *checker) user() {}

func (c *checker) kernel() {}

func (c *checker) services(bool) {}

func (c *checker) nflogGroup(uint16) {}

func (c *checker) file(pipeline.File) {}

func (c *checker) senders(pipeline.Needs) {}

func (c *checker) peer(string) []Finding { return nil }

func capability(string) Finding { return Finding{} }

// Look is for Linux.
func Look() (*Survey, error) { return nil, errors.New("hosts are looked at on Linux only") }
