package probe

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// firstPort and ports are the destination ports of probes: those of traceroute, which
// firewalls know best.
const firstPort, ports = 33434, 90

// slice is how long a canceled context may go unnoticed.
const slice = 50 * time.Millisecond

// volley sends shots at once and waits until all are answered, or for a time.
func (p *prober) volley(ctx context.Context, wait time.Duration, shots ...shot) ([]reply, error) {
	v := volley{replies: make([]reply, len(shots))}
	defer v.close()
	for i, s := range shots {
		if err := v.fire(p, i, s); err != nil {
			return nil, err
		}
	}
	for end := time.Now().Add(wait); len(v.open) > 0; {
		left := time.Until(end)
		if left <= 0 {
			break
		}
		if err := v.poll(min(left, slice)); err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return v.replies, nil
}

type volley struct {
	replies []reply
	open    []waiting
}

// waiting is a socket without an answer.
type waiting struct {
	*socket
	shot int
}

func (v *volley) close() {
	for _, w := range v.open {
		w.close()
	}
}

func (v *volley) fire(p *prober, i int, s shot) error {
	port := uint16(firstPort + p.fired%ports)
	if s.echo {
		port = 0
	}
	p.fired++
	c, err := open(p.Address, p.From, port, s)
	if err != nil {
		return err
	}
	err = c.send(s.size)
	if errors.Is(err, errUnsendable) {
		v.replies[i] = reply{kind: local}
		if r, ok := c.receiveError(); ok {
			v.replies[i] = r
		}
		c.close()
		return nil
	}
	if err != nil {
		// Of an earlier packet, such as host unreachable: the error queue has it.
		if r, ok := c.receiveError(); ok {
			v.replies[i] = r
			c.close()
			return nil
		}
		c.close()
		return err
	}
	v.open = append(v.open, waiting{c, i})
	return nil
}

// poll waits for answers, and takes those that have come.
func (v *volley) poll(wait time.Duration) error {
	fds := make([]unix.PollFd, len(v.open))
	for i, w := range v.open {
		fds[i] = unix.PollFd{Fd: int32(w.fd), Events: unix.POLLIN}
	}
	if _, err := unix.Poll(fds, int(max(1, wait.Milliseconds()))); err != nil && !errors.Is(err, unix.EINTR) {
		return err
	}
	still := v.open[:0]
	for i, w := range v.open {
		if fds[i].Revents != 0 {
			if r, ok := w.receive(); ok {
				v.replies[w.shot] = r
				w.close()
				continue
			}
		}
		still = append(still, w)
	}
	v.open = still
	return nil
}

// mayEcho reports whether the user may have ping sockets (net.ipv4.ping_group_range).
func (p *prober) mayEcho() bool {
	c, err := open(p.Address, p.From, 0, shot{ttl: ttl, echo: true})
	if err != nil {
		return false
	}
	c.close()
	return true
}

// look finds this host's side of the path: address, known path MTU and the interface's MTU.
func (p *prober) look() error {
	c, err := open(p.Address, p.From, firstPort, shot{ttl: ttl})
	if err != nil {
		return err
	}
	defer c.close()
	p.path.From, p.path.KnownMTU = c.localAddr(), c.knownMTU()
	p.path.InterfaceMTU = largest
	switch err := c.send(largest); {
	case errors.Is(err, errUnsendable):
		if r, ok := c.receiveError(); ok {
			p.path.InterfaceMTU = r.mtu
		}
	case err != nil:
		return err
	}
	return nil
}

// learn asks what the kernel holds of the path now.
func (p *prober) learn() {
	c, err := open(p.Address, p.From, firstPort, shot{ttl: ttl})
	if err != nil {
		return
	}
	defer c.close()
	if mtu := c.knownMTU(); mtu > 0 && mtu < p.path.InterfaceMTU {
		p.path.Learned = &Learned{MTU: mtu, Seconds: expiry(p.Address)}
	}
}
