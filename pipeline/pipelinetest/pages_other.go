//go:build !linux

package pipelinetest

import "testing"

// pages is memory that can't be taken away here.
type pages []byte

func newPages(t testing.TB, size int) pages { return make(pages, size) }

func (p pages) present(testing.TB, bool) {}
