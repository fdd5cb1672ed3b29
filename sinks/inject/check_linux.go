package inject

import (
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
)

func checkHost(s Settings) []pipeline.HostFinding {
	rt, err := openRtnetlink()
	if err != nil {
		return []pipeline.HostFinding{{Subject: "device " + string(s.Device), State: "can't be looked up: " + err.Error(), Advice: "run this as root"}}
	}
	defer rt.close()
	f, err := rt.facts(s)
	switch {
	case err != nil:
		return []pipeline.HostFinding{{Subject: "device " + string(s.Device), State: "can't be looked up: " + err.Error(), Advice: "run this as root"}}
	case s.Create && f.device == nil:
		return checkBeforehand(f)
	}
	return checkDevice(f)
}

// checkDevice is about a device that is there, or has to be.
func checkDevice(f facts) (list []pipeline.HostFinding) {
	for _, o := range f.obstacles() {
		list = append(list, findingOf(o))
	}
	if len(list) == 0 {
		list = append(list, pipeline.HostFinding{Subject: "device " + string(f.settings.Device), State: "gets packets into the stack"})
	}
	return append(list, checkForwarding(f.hostForwards, f.settings)...)
}

// checkBeforehand is about a device that is not made yet.
func checkBeforehand(f facts) []pipeline.HostFinding {
	s := f.settings
	found := pipeline.HostFinding{Subject: "device " + string(s.Device), State: "can be created"}
	switch err := tryElsewhere(s); {
	case errors.Is(err, errNoTrial):
		found.State, found.Advice = "does not exist yet; whether it can be created was not tried", "run this as root"
	case err != nil:
		found.State, found.Advice, found.Stops = "can't be created: "+err.Error(), "use a kernel with these modules, or create the device beforehand (create: false)", true
	}
	list := []pipeline.HostFinding{found}
	if o := f.ofVRF(); o != nil {
		list = append(list, findingOf(*o))
	}
	return append(list, checkForwarding(f.hostForwards, s)...)
}

func findingOf(o obstacle) pipeline.HostFinding {
	return pipeline.HostFinding{Subject: o.subject, State: o.state, Advice: o.advice, Stops: true}
}

// checkForwarding warns where containers can't be reached. Sockets of the host can.
func checkForwarding(forwards bool, s Settings) []pipeline.HostFinding {
	if forwards || s.AsFrom != "" {
		return nil
	}
	return []pipeline.HostFinding{{
		Subject: "sysctl net.ipv4.ip_forward", State: "is 0: messages reach sockets of this host, but no container",
		Advice: "sysctl -w net.ipv4.ip_forward=1 if there are containers",
	}}
}

// errNoTrial is returned by tryElsewhere to those who may not make a network namespace.
var errNoTrial = errors.New("no network namespace for a trial")

// tryElsewhere makes the device and all that belongs to it in a network namespace of its own,
// which ends with the call, so the kernel tells what it lacks. The thread ends with it.
func tryElsewhere(s Settings) (err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlock it
		if e := unix.Unshare(unix.CLONE_NEWNET); e != nil {
			err = fmt.Errorf("%w: %w", errNoTrial, e)
			return
		}
		err = makeOnce(s)
	}()
	<-done
	return err
}

// makeOnce makes what open makes. Of a redirection lo is the target.
func makeOnce(s Settings) error {
	rt, err := openRtnetlink()
	if err != nil {
		return err
	}
	defer rt.close()
	device, err := rt.makePair(string(s.Device), deviceMAC)
	if err != nil {
		return err
	}
	if err := errors.Join(rt.configure(device), rt.address(device, s.Address)); err != nil {
		return err
	}
	if s.AsFrom != "" {
		const lo = 1
		if err := rt.redirect(device, lo); err != nil {
			return err
		}
	}
	_, err = newGuard(rt, s).set(unix.AF_INET, func() error { return nil })
	return err
}
