package natslink_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// identity is a certificate and its private key, as files.
type identity struct{ cert, key string }

// authority issues certificates.
type authority struct {
	identity
	template *x509.Certificate
	private  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{template: &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}}
	var err error
	a.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	netns.Must(t, err)
	a.identity = a.sign(t, a.template, a.private)
	return a
}

// issue issues a certificate for 127.0.0.1, for a server or a client.
func (a *authority) issue(t *testing.T, name string) identity {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	netns.Must(t, err)
	return a.sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, private)
}

func (a *authority) sign(t *testing.T, template *x509.Certificate, private *ecdsa.PrivateKey) identity {
	t.Helper()
	cert, err := x509.CreateCertificate(rand.Reader, template, a.template, &private.PublicKey, a.private)
	netns.Must(t, err)
	key, err := x509.MarshalPKCS8PrivateKey(private)
	netns.Must(t, err)
	return identity{
		file(t, "cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})),
		file(t, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
	}
}
