// Package manifests tests configs/kubernetes and configs/helm with the types of the
// Kubernetes API, the Prometheus operator and Helm. It is a module of its own, so that pmtud
// does not depend on them.
package manifests

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// manifest is what files declare.
type manifest struct {
	namespaces []corev1.Namespace
	configs    []corev1.ConfigMap
	secrets    []corev1.Secret
	services   []corev1.Service
	daemons    []appsv1.DaemonSet
	monitors   []monitoringv1.PodMonitor
}

// add adds objects, of kinds that a manifest has.
func (m *manifest) add(t *testing.T, objects []runtime.Object) {
	t.Helper()
	for _, o := range objects {
		switch o := o.(type) {
		case *corev1.Namespace:
			m.namespaces = append(m.namespaces, *o)
		case *corev1.ConfigMap:
			m.configs = append(m.configs, *o)
		case *corev1.Secret:
			m.secrets = append(m.secrets, *o)
		case *corev1.Service:
			m.services = append(m.services, *o)
		case *appsv1.DaemonSet:
			m.daemons = append(m.daemons, *o)
		case *monitoringv1.PodMonitor:
			m.monitors = append(m.monitors, *o)
		default:
			t.Errorf("there is a %T", o)
		}
	}
}

// load reads files as strictly as an API server can: unknown kinds, unknown or repeated
// fields and wrong types are errors.
func load(t *testing.T, names ...string) (m manifest) {
	t.Helper()
	for _, name := range names {
		text, err := os.ReadFile("../../configs/kubernetes/" + name)
		if err != nil {
			t.Fatal(err)
		}
		objects, err := decode(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		m.add(t, objects)
	}
	return m
}

func decode(text []byte) (objects []runtime.Object, err error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(corev1.AddToScheme(scheme), appsv1.AddToScheme(scheme), monitoringv1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		o, _, err := decoder.Decode(document, nil, nil)
		if err != nil {
			return nil, err
		}
		objects = append(objects, o)
	}
}

// TestStrict wants mistakes to be found, for otherwise the other tests say nothing.
func TestStrict(t *testing.T) {
	const begin = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: pmtud}\n"
	for name, tc := range map[string]struct {
		text, want string
	}{
		"unknown field":  {begin + "dota: {}\n", `unknown field "dota"`},
		"letter case":    {begin + "Data: {}\n", `unknown field "Data"`},
		"repeated field": {begin + "data: {}\ndata: {}\n", `key "data" already set`},
		"wrong type":     {begin + "data: {a: 1}\n", "cannot unmarshal number"},
		"unknown kind":   {"apiVersion: v1\nkind: ConfigMop\n", `no kind "ConfigMop"`},
		"wrong version":  {"apiVersion: apps/v1\nkind: ConfigMap\n", `no kind "ConfigMap"`},
	} {
		if _, err := decode([]byte(tc.text)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error is %v, want %q", name, err, tc.want)
		}
	}
}

func TestManifest(t *testing.T) {
	m := load(t, "pmtud.yaml", "podmonitor.yaml")
	if len(m.namespaces) != 1 || len(m.secrets) != 0 {
		t.Fatalf("%d namespaces, %d secrets, want 1 and none", len(m.namespaces), len(m.secrets))
	}
	m.check(t, m.namespaces[0].Name)
	container := m.daemons[0].Spec.Template.Spec.Containers[0]
	for _, e := range container.Env {
		if !strings.Contains(m.configs[0].Data["pmtud.yaml"], "${"+e.Name+"}") {
			t.Errorf("the configuration does not use %s", e.Name)
		}
	}
}

// check wants one object of each kind in the namespace, one monitor at most, and the pods to
// have what the program needs, and no more.
func (m *manifest) check(t *testing.T, namespace string) {
	t.Helper()
	if len(m.configs) != 1 || len(m.services) != 1 || len(m.daemons) != 1 || len(m.monitors) > 1 {
		t.Fatalf("%d ConfigMaps, %d Services, %d DaemonSets, %d PodMonitors", len(m.configs), len(m.services), len(m.daemons), len(m.monitors))
	}
	m.checkNames(t, namespace)
	m.checkContainer(t)
}

// checkNames follows the names by which the objects refer to each other.
func (m *manifest) checkNames(t *testing.T, namespace string) {
	t.Helper()
	config, service, daemons := m.configs[0], m.services[0], m.daemons[0]
	for kind, got := range map[string]string{
		"ConfigMap": config.Namespace, "Service": service.Namespace, "DaemonSet": daemons.Namespace,
	} {
		if got != namespace {
			t.Errorf("%s is in the namespace %q, want %q", kind, got, namespace)
		}
	}
	pods := daemons.Spec.Template
	matches := func(kind string, selector *metav1.LabelSelector) {
		s, err := metav1.LabelSelectorAsSelector(selector)
		if err != nil {
			t.Fatal(err)
		}
		if !s.Matches(labels.Set(pods.Labels)) {
			t.Errorf("the %s selects %v, the pods have %v", kind, s, pods.Labels)
		}
	}
	matches("DaemonSet", daemons.Spec.Selector)
	matches("Service", &metav1.LabelSelector{MatchLabels: service.Spec.Selector})
	if service.Spec.ClusterIP != corev1.ClusterIPNone {
		t.Error("the Service is not headless: its name is not that of the pods' addresses")
	}
	if host := service.Name + "." + namespace + ".svc"; !strings.Contains(config.Data["pmtud.yaml"], "peers: ["+host+"]") {
		t.Errorf("the configuration does not relay to %s", host)
	}
	for _, monitor := range m.monitors {
		matches("PodMonitor", &monitor.Spec.Selector)
		port := *monitor.Spec.PodMetricsEndpoints[0].Port
		if !slices.ContainsFunc(pods.Spec.Containers[0].Ports, func(p corev1.ContainerPort) bool { return p.Name == port }) {
			t.Errorf("the PodMonitor scrapes a port %q that no container has", port)
		}
	}
}

func (m *manifest) checkContainer(t *testing.T) {
	t.Helper()
	pod := m.daemons[0].Spec.Template.Spec
	if !pod.HostNetwork || pod.DNSPolicy != corev1.DNSClusterFirstWithHostNet || *pod.AutomountServiceAccountToken {
		t.Errorf("network of the node is %v, DNS policy is %s, token of the account is mounted: %v",
			pod.HostNetwork, pod.DNSPolicy, *pod.AutomountServiceAccountToken)
	}
	c := pod.Containers[0]
	rights := c.SecurityContext
	// What is left of these once it runs is the user's of the configuration: NET_RAW and NET_ADMIN.
	want := []corev1.Capability{"NET_RAW", "NET_ADMIN", "SETUID", "SETGID"}
	if !slices.Equal(rights.Capabilities.Drop, []corev1.Capability{"ALL"}) || !slices.Equal(rights.Capabilities.Add, want) {
		t.Errorf("capabilities are %+v, want %v", rights.Capabilities, want)
	}
	if *rights.AllowPrivilegeEscalation || !*rights.ReadOnlyRootFilesystem || rights.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		t.Errorf("security context is %+v", rights)
	}
	m.checkVolumes(t, pod)
	m.checkProbes(t, c)
}

// checkVolumes wants the configuration and the key to be where the program looks for them.
func (m *manifest) checkVolumes(t *testing.T, pod corev1.PodSpec) {
	t.Helper()
	text, c := m.configs[0].Data["pmtud.yaml"], pod.Containers[0]
	for i, mount := range c.VolumeMounts {
		if volume := pod.Volumes[i]; volume.Name != mount.Name || mount.ReadOnly == (volume.EmptyDir != nil) {
			t.Errorf("the volume %q is mounted as %q, read-only: %v", volume.Name, mount.Name, mount.ReadOnly)
		}
	}
	if want := []string{"run", "-c", c.VolumeMounts[0].MountPath}; !slices.Equal(c.Args, want) {
		t.Errorf("arguments are %q, want %q", c.Args, want)
	}
	if config := pod.Volumes[0].ConfigMap; config == nil || config.Name != m.configs[0].Name {
		t.Errorf("the first volume is %+v", pod.Volumes[0])
	}
	if secret := pod.Volumes[1].Secret; secret == nil || secret.SecretName == "" {
		t.Errorf("the second volume is %+v", pod.Volumes[1])
	}
	if want := "${file:" + c.VolumeMounts[1].MountPath + "/key}"; strings.Count(text, want) != strings.Count(text, "key: [\"") {
		t.Errorf("the configuration does not take all keys from %s", want)
	}
}

// checkProbes wants what is asked for health to be where the program listens.
func (m *manifest) checkProbes(t *testing.T, c corev1.Container) {
	t.Helper()
	listen := ""
	for _, e := range c.Env {
		if e.Name == "PMTUD_HTTP" {
			listen = e.Value
		}
	}
	if listen == "" {
		_, rest, _ := strings.Cut(m.configs[0].Data["pmtud.yaml"], "listen: \"")
		listen, _, _ = strings.Cut(rest, "\"")
	}
	for path, probe := range map[string]*corev1.Probe{"/livez": c.LivenessProbe, "/readyz": c.ReadinessProbe} {
		get := probe.HTTPGet
		if want := ":" + get.Port.String(); get.Path != path || get.Host != "127.0.0.1" || !strings.HasSuffix(listen, want) {
			t.Errorf("the program listens at %s, and %s%s%s is asked for", listen, get.Host, want, get.Path)
		}
	}
}
