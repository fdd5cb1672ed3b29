package config

import (
	"errors"
	"net"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/canary"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// Global are the settings of the program as a whole: all that stands at the top
// level of a file beside `pipelines`. The tags are those of a plugin's settings, see
// [pipeline.FilterPlugin].
type Global struct {
	CPU     *uint16 `setting:"cpu" doc:"CPU that the whole process is pinned to; any if it is not set" example:"0"`
	HTTP    HTTP    `setting:"http" doc:"server for metrics, health and a page"`
	Log     Log     `setting:"log" doc:"the program's own log on standard error"`
	User    string  `setting:"user" doc:"name or number of the user to become once everything is open; empty: root becomes pmtud, or nobody if there is no such user, unless a pipeline needs root's files" pattern:"^[A-Za-z0-9_.-]*[$]?$" example:"pmtud"`
	Watch   bool    `setting:"watch" doc:"reload when the content of the files changes"`
	Control string  `setting:"control" doc:"path of the unix socket for status, top and tap; empty for /run/pmtud/pmtud.sock, off for none" pattern:"^$|^off$|^/" example:"/run/pmtud/pmtud.sock"`
	Sandbox string  `setting:"sandbox" doc:"drop all rights that the pipelines do not need: auto as far as the kernel allows, off never, required or refuse to run" enum:"auto,off,required" example:"auto"`
	Canary  Canary  `setting:"canary" doc:"test messages by which the servers find out who hears whom"`
}

// Canary are the settings of the test messages by which the servers of a cluster find out who hears whom.
type Canary struct {
	Interval time.Duration `setting:"interval" doc:"send a test message at least this often through each sink that sends to other hosts, and count those of others; 0s for none, otherwise at least 1s" min:"0s" max:"1h" example:"60s"`
	Name     string        `setting:"name" doc:"what this server calls itself, 1 to 63 letters, digits, dots, hyphens and underscores; empty for the host's name" pattern:"^[A-Za-z0-9._-]{0,63}$" example:"web1"`
}

// HTTP are the settings of the server for metrics, health and a page.
type HTTP struct {
	Listen    string `setting:"listen" doc:"HOST:PORT to listen on, where an empty HOST is all addresses, or unix:PATH for a socket for root and the group; empty for no server" pattern:"^$|:[0-9]+$|^unix:/" example:"127.0.0.1:9342"`
	WebConfig string `setting:"web_config" doc:"path of a file with certificates and passwords, in the format of Prometheus exporters; empty for neither" pattern:"^$|^/" example:"/etc/pmtud/web/web.yml"`
	Page      string `setting:"page" doc:"who gets the page at / and /api, which name clients: connections within this host, anyone who reaches the address, or nobody" enum:"loopback,anyone,off" example:"loopback"`
}

// Log are the settings of what the program says of itself.
type Log struct {
	Format string `setting:"format" doc:"text, or json: an object for each line" enum:"text,json" example:"json"`
	Level  string `setting:"level" doc:"lowest level to log" enum:"debug,info,warn,error" example:"info"`
}

// GlobalSettings returns the defaults.
func GlobalSettings() *Global {
	return &Global{HTTP: HTTP{Page: "loopback"}, Log: Log{Format: "text", Level: "info"}, Sandbox: "auto"}
}

// Sink are the settings that each sink has besides those of its plugin, by names that
// plugins leave alone. The tags are those of a plugin's settings, see
// [pipeline.FilterPlugin].
type Sink struct {
	Queue Queue `setting:"queue" doc:"packets waiting for the sink"`
}

// Queue are the settings of a sink's queue.
type Queue struct {
	Size   int           `setting:"size" doc:"packets that can wait; when the queue is full, a live packet replaces the oldest one, and reading from files waits" min:"1" max:"65536" example:"4096"`
	MaxAge time.Duration `setting:"max_age" doc:"age since capture at which a live packet that is still waiting is dropped; 0 for no limit" min:"0s" example:"1s"`
}

// SinkSettings returns the defaults.
func SinkSettings() *Sink { return &Sink{Queue{Size: pipeline.DefaultQueueSize}} }

// namesOf returns the names of settings in alphabetical order.
func namesOf(infos []setting.Info) (names []string) {
	for _, info := range infos {
		names = append(names, info.Name)
	}
	slices.Sort(names)
	return names
}

// userName matches names of users as common systems have them, and numbers.
var userName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?$`)

// Check implements [Checker].
func (g *Global) Check() error {
	if g.User != "" && !userName.MatchString(g.User) {
		return setting.Errorf("user", "%q is not the name or number of a user", g.User)
	}
	if g.Control != "" && g.Control != "off" && !filepath.IsAbs(g.Control) {
		return setting.Errorf("control", "%q is neither an absolute path nor off", g.Control)
	}
	return nil
}

// Check implements [Checker].
func (c *Canary) Check() error {
	if c.Interval > 0 && c.Interval < canary.MinInterval {
		return setting.Errorf("interval", "must be at least %v, or 0s for no test messages, not %v", canary.MinInterval, c.Interval)
	}
	if c.Name == "" {
		return nil
	}
	if err := canary.CheckName(c.Name); err != nil {
		return setting.Errorf("name", "%w", err)
	}
	if c.Interval == 0 {
		return setting.Errorf("name", "has no effect: without an interval no test messages are sent; add `interval`")
	}
	return nil
}

// Check implements [Checker].
func (h *HTTP) Check() error {
	if h.WebConfig != "" && !filepath.IsAbs(h.WebConfig) {
		return setting.Errorf("web_config", "%q is not an absolute path", h.WebConfig)
	}
	if path, ok := strings.CutPrefix(h.Listen, "unix:"); ok && !filepath.IsAbs(path) {
		return setting.Errorf("listen", "%q is not unix:PATH with an absolute path", h.Listen)
	} else if ok || h.Listen == "" {
		return nil
	}
	if err := checkEndpoint(h.Listen); err != nil {
		return setting.Errorf("listen", "%q is not HOST:PORT such as 127.0.0.1:9342: %w", h.Listen, err)
	}
	return nil
}

// hostName matches names that a resolver may know.
var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)

// digitsOnly matches what would be an address if it had all its parts.
var digitsOnly = regexp.MustCompile(`^[0-9.]+$`)

func checkEndpoint(text string) error {
	host, port, err := net.SplitHostPort(text)
	if bad, ok := errors.AsType[*net.AddrError](err); ok {
		return errors.New(bad.Err)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return errors.New("the port must be a number from 0 to 65535")
	}
	if _, err := netip.ParseAddr(host); err != nil && host != "" &&
		(digitsOnly.MatchString(host) || !hostName.MatchString(host)) {
		return errors.New("the host is neither an address nor a name")
	}
	return nil
}
