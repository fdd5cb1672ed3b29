package nflog

import "time"

// The source is under load from busyRate packets a second on, until there are
// fewer than quietRate of them. Both count in windows of loadWindow.
const (
	busyRate   = 5000
	quietRate  = 2000
	loadWindow = 50 * time.Millisecond
	busyCount  = int(busyRate * loadWindow / time.Second)
)

// load says by the rate of packets whether the source is under load.
type load struct {
	heavy   bool
	begin   time.Time // of the window
	packets int       // read in it
}

// add counts packets that were read now. It reports whether heavy changed: to true
// as soon as a window has too many packets, to false at the end of one with few.
func (l *load) add(packets int, now time.Time) (changed bool) {
	if l.heavy {
		return l.addHeavy(packets, now)
	}
	if now.Sub(l.begin) >= loadWindow {
		l.begin, l.packets = now, 0
	}
	if l.packets += packets; l.packets <= busyCount {
		return false
	}
	l.heavy, l.begin, l.packets = true, now, 0
	return true
}

func (l *load) addHeavy(packets int, now time.Time) (changed bool) {
	l.packets += packets
	elapsed := now.Sub(l.begin)
	if elapsed < loadWindow {
		return false
	}
	l.heavy = float64(l.packets)/elapsed.Seconds() >= quietRate
	l.begin, l.packets = now, 0
	return !l.heavy
}
