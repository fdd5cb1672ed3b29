package gate

import "github.com/cilium/ebpf"

// Run runs the filter on a packet as it is behind an Ethernet header that the kernel takes off,
// and returns how many bytes of it the filter keeps.
func (g *Gate) Run(ethernet, packet []byte) (int, error) {
	kept, err := g.filter.Run(&ebpf.RunOptions{Data: append(append([]byte(nil), ethernet...), packet...)})
	return int(kept), err
}
