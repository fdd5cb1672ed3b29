package pipelinetest

import (
	"bytes"
	"slices"
	"testing"

	"golang.org/x/net/bpf"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// testKernelFilter checks that a filter's program accepts whatever the filter
// lets pass, and can be assembled.
func (f filterTest) testKernelFilter(t *testing.T) {
	k, ok := f.open(t).(pipeline.KernelFilter)
	if !ok {
		t.Skip("the filter has no program for the kernel")
	}
	for _, link := range []linklayer.Type{linklayer.Ethernet, linklayer.Raw} {
		program := k.KernelFilter(link, 2048)
		if program == nil {
			continue
		}
		if _, err := bpf.Assemble(program); err != nil {
			t.Fatalf("assemble program for link type %d: %v", link, err)
		}
		vm, err := bpf.NewVM(program)
		if err != nil {
			t.Fatalf("load program for link type %d: %v", link, err)
		}
		compareKernelFilter(t, vm, k, link)
	}
}

func compareKernelFilter(t *testing.T, vm *bpf.VM, k pipeline.KernelFilter, link linklayer.Type) {
	for i, p := range Packets() {
		if p.LinkType != link {
			continue
		}
		passes := Decide(k, &p) == pipeline.Pass
		data := bytes.Clone(p.Data)
		if p.Tag != 0 && len(data) >= 16 { // the kernel takes the tag off before the program runs
			data = slices.Delete(data, 12, 16)
		}
		n, err := vm.Run(data)
		if passes && (err != nil || n == 0) {
			t.Errorf("packet %d of link type %d passes the filter, but not its program (%v)", i, link, err)
		}
	}
}
