package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	api "k8s.io/client-go/tools/clientcmd/api"
)

// An identity is "name=user/group": the file's name, the certificate's common name and, if any, its organisation.
// A slash, because users such as system:node:n1 hold colons.
var builtIn = []string{
	"admin=kubernetes-admin/system:masters",
	"controller-manager=system:kube-controller-manager",
	"scheduler=system:kube-scheduler",
	"kwok=kwok-controller/system:masters",
	"apiserver-kubelet=kube-apiserver-kubelet-client/system:masters",
}

// writePKI fills a folder with a certificate authority, the API server's own pair, the key of service account tokens,
// and for each identity a certificate, its key and a kubeconfig that embeds both.
func writePKI(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("usage: pki FOLDER SERVER_URL [name=user[/group]]")
	}
	dir, server := args[0], args[1]
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	put := func(name string, content []byte) error {
		return os.WriteFile(filepath.Join(dir, name), content, 0o600)
	}
	authority, err := newAuthority()
	if err != nil {
		return err
	}
	if err := put("ca.crt", authority.pem); err != nil {
		return err
	}
	serving := template("kube-apiserver")
	serving.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	serving.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}
	serving.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 0, 0, 1)}
	if address, err := url.Parse(server); err == nil {
		if ip := net.ParseIP(address.Hostname()); ip != nil {
			serving.IPAddresses = append(serving.IPAddresses, ip)
		}
	}
	if _, _, err := authority.issue(serving, "apiserver", put); err != nil {
		return err
	}
	// RSA: of other keys the API server does not read the public half out of this form.
	tokens, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	if err := put("sa.key", keyPEM(tokens)); err != nil {
		return err
	}
	for _, identity := range append(builtIn, args[2:]...) {
		name, who, ok := strings.Cut(identity, "=")
		if !ok {
			return fmt.Errorf("identity %q is not name=user or name=user/group", identity)
		}
		user, group, _ := strings.Cut(who, "/")
		client := template(user)
		client.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		if group != "" {
			client.Subject.Organization = []string{group}
		}
		certificate, key, err := authority.issue(client, name, put)
		if err != nil {
			return err
		}
		config := api.NewConfig()
		config.Clusters["lab"] = &api.Cluster{Server: server, CertificateAuthorityData: authority.pem}
		config.AuthInfos[name] = &api.AuthInfo{ClientCertificateData: certificate, ClientKeyData: key}
		config.Contexts["lab"] = &api.Context{Cluster: "lab", AuthInfo: name, Namespace: "default"}
		config.CurrentContext = "lab"
		if err := clientcmd.WriteToFile(*config, filepath.Join(dir, name+".kubeconfig")); err != nil {
			return err
		}
	}
	return nil
}

type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	root := template("edgetwin lab")
	root.IsCA, root.BasicConstraintsValid = true, true
	root.KeyUsage |= x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return &authority{certificate, key, certificatePEM(der)}, err
}

func (a *authority) issue(wanted *x509.Certificate, name string, put func(string, []byte) error) (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, wanted, a.certificate, private.Public(), a.key)
	if err != nil {
		return nil, nil, err
	}
	certificate, key = certificatePEM(der), keyPEM(private)
	if err := put(name+".crt", certificate); err != nil {
		return nil, nil, err
	}
	return certificate, key, put(name+".key", key)
}

func template(commonName string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: commonName},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(1, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}

func certificatePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func keyPEM(key crypto.Signer) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err) // Only for kinds of keys that are not made here.
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}
