package gate

import (
	"errors"

	"github.com/cilium/ebpf"
)

// Run runs the filter on a packet as it is behind an Ethernet header that the kernel takes off,
// and returns how many bytes of it the filter keeps.
func (g *Gate) Run(ethernet, packet []byte) (int, error) {
	kept, err := g.filter.Run(&ebpf.RunOptions{Data: append(append([]byte(nil), ethernet...), packet...)})
	return int(kept), err
}

// HasOffset is hasOffset.
func HasOffset(text string) bool { return hasOffset(text) }

// Forget lets go of all spare gates, so that the next one remembers nothing.
func Forget() error {
	spares.mu.Lock()
	defer spares.mu.Unlock()
	var errs []error
	for _, k := range spares.kinds {
		for _, g := range k.spare {
			errs = append(errs, g.unload())
		}
		k.spare = nil
	}
	return errors.Join(errs...)
}
