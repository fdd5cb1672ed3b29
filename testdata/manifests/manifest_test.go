// Package manifests tests configs/kubernetes with the types of the Kubernetes API. It is
// a module of its own, so that pmtud does not depend on them.
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

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// manifest is what the file declares.
type manifest struct {
	namespace corev1.Namespace
	config    corev1.ConfigMap
	service   corev1.Service
	daemons   appsv1.DaemonSet
}

// load reads the file as strictly as an API server can: unknown kinds, unknown or
// repeated fields and wrong types are errors.
func load(t *testing.T) (m manifest) {
	t.Helper()
	text, err := os.ReadFile("../../configs/kubernetes/pmtud.yaml")
	if err != nil {
		t.Fatal(err)
	}
	objects, err := decode(text)
	if err != nil {
		t.Fatal(err)
	}
	if len(objects) != 4 {
		t.Fatalf("the file declares %d objects", len(objects))
	}
	for _, o := range objects {
		switch o := o.(type) {
		case *corev1.Namespace:
			m.namespace = *o
		case *corev1.ConfigMap:
			m.config = *o
		case *corev1.Service:
			m.service = *o
		case *appsv1.DaemonSet:
			m.daemons = *o
		}
	}
	return m
}

func decode(text []byte) (objects []runtime.Object, err error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(corev1.AddToScheme(scheme), appsv1.AddToScheme(scheme)); err != nil {
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

// TestNames follows the names by which the objects refer to each other.
func TestNames(t *testing.T) {
	m := load(t)
	for kind, namespace := range map[string]string{
		"ConfigMap": m.config.Namespace, "Service": m.service.Namespace, "DaemonSet": m.daemons.Namespace,
	} {
		if namespace != m.namespace.Name {
			t.Errorf("%s is in the namespace %q", kind, namespace)
		}
	}

	pods := m.daemons.Spec.Template
	selector, err := metav1.LabelSelectorAsSelector(m.daemons.Spec.Selector)
	if err != nil {
		t.Fatal(err)
	}
	if !selector.Matches(labels.Set(pods.Labels)) {
		t.Errorf("the DaemonSet selects %v, its pods have %v", selector, pods.Labels)
	}
	if !labels.SelectorFromSet(m.service.Spec.Selector).Matches(labels.Set(pods.Labels)) {
		t.Errorf("the Service selects %v, the pods have %v", m.service.Spec.Selector, pods.Labels)
	}
	if m.service.Spec.ClusterIP != corev1.ClusterIPNone {
		t.Error("the Service is not headless: its name is not that of the pods' addresses")
	}
	host := m.service.Name + "." + m.service.Namespace + ".svc"
	if !strings.Contains(m.config.Data["pmtud.yaml"], host) {
		t.Errorf("the configuration does not name %s", host)
	}
}

// TestContainer wants the pod to be what the program needs, and no more.
func TestContainer(t *testing.T) {
	m := load(t)
	pod := m.daemons.Spec.Template.Spec
	if !pod.HostNetwork || pod.DNSPolicy != corev1.DNSClusterFirstWithHostNet {
		t.Errorf("network of the node is %v, DNS policy is %s", pod.HostNetwork, pod.DNSPolicy)
	}
	c := pod.Containers[0]
	rights := c.SecurityContext
	if !slices.Equal(rights.Capabilities.Drop, []corev1.Capability{"ALL"}) ||
		!slices.Equal(rights.Capabilities.Add, []corev1.Capability{"NET_RAW", "SETUID", "SETGID"}) {
		t.Errorf("capabilities are %+v", rights.Capabilities)
	}
	if *rights.AllowPrivilegeEscalation || !*rights.ReadOnlyRootFilesystem {
		t.Errorf("security context is %+v", rights)
	}

	mount, volume := c.VolumeMounts[0], pod.Volumes[0]
	if volume.Name != mount.Name || volume.ConfigMap == nil || volume.ConfigMap.Name != m.config.Name {
		t.Errorf("the volume %q is mounted as %q", volume.Name, mount.Name)
	}
	if want := []string{"run", "-c", mount.MountPath}; !slices.Equal(c.Args, want) {
		t.Errorf("arguments are %q, want %q", c.Args, want)
	}

	text := m.config.Data["pmtud.yaml"]
	for _, e := range c.Env {
		if !strings.Contains(text, "${"+e.Name+"}") {
			t.Errorf("the configuration does not use %s", e.Name)
		}
	}
	for path, probe := range map[string]*corev1.Probe{"/livez": c.LivenessProbe, "/readyz": c.ReadinessProbe} {
		get := probe.HTTPGet
		if listen := get.Host + ":" + get.Port.String(); get.Path != path || !strings.Contains(text, "listen: "+listen) {
			t.Errorf("the configuration does not listen where %s%s is asked for", listen, get.Path)
		}
	}
}
