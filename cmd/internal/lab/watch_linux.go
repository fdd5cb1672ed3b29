package lab

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/net/bpf"
)

// watch takes the frames of all LANs while an experiment runs.
type watch struct {
	sniffers   []*sniffer
	quit, done chan struct{}
}

// watch starts to pass on frames that the filter accepts and that are not for the router.
// One goroutine calls got with the LAN's index, the frame, which is lent for the call, and
// the time since 1970 when it came.
func (n *Network) watch(filter []bpf.Instruction, got func(lan int, f frame, at time.Duration)) (*watch, error) {
	w := &watch{quit: make(chan struct{}), done: make(chan struct{})}
	for _, lan := range n.LANs {
		router, err := n.Router.Interface(lan.Name)
		if err != nil {
			return nil, errors.Join(err, w.close())
		}
		s, err := newSniffer(lan, slices.Concat(notTo(router.HardwareAddr), filter))
		if err != nil {
			return nil, errors.Join(err, w.close())
		}
		w.sniffers = append(w.sniffers, s)
	}
	go w.run(got)
	return w, nil
}

func (w *watch) run(got func(int, frame, time.Duration)) {
	defer close(w.done)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for over := false; ; {
		for lan, s := range w.sniffers {
			s.take(func(f frame, at time.Duration) { got(lan, f, at) })
		}
		if over {
			return
		}
		select {
		case <-tick.C:
		case <-w.quit:
			over = true // what came meanwhile is still to be taken
		}
	}
}

// stop passes on what has come so far, ends and returns how many frames were lost.
func (w *watch) stop() (lost int, err error) {
	close(w.quit)
	<-w.done
	var errs []error
	for _, s := range w.sniffers {
		missed, err := s.lost()
		lost += missed
		errs = append(errs, err)
	}
	return lost, errors.Join(append(errs, w.close())...)
}

func (w *watch) close() error {
	var errs []error
	for _, s := range w.sniffers {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}

// recording is what a watch has seen, by LAN. Its methods may be called from several
// goroutines.
type recording struct {
	mu     sync.Mutex
	frames [][]frame
}

func (r *recording) add(lan int, f frame, _ time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frames[lan] = append(r.frames[lan], bytes.Clone(f))
}

// length returns the number of frames so far of each LAN.
func (r *recording) length() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	lengths := make([]int, len(r.frames))
	for lan, frames := range r.frames {
		lengths[lan] = len(frames)
	}
	return lengths
}

// traffic counts the frames but for the first ones, some of each LAN.
func (r *recording) traffic(without []int, where place) Traffic {
	r.mu.Lock()
	defer r.mu.Unlock()
	traffic := newTraffic()
	for lan, frames := range r.frames {
		traffic.add(frames[without[lan]:], where)
	}
	return traffic
}
