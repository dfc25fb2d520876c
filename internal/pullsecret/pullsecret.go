// Package pullsecret reads registry credentials, and public keys, from the Secrets of
// the cluster that the bot runs in: those that Pods are given to pull images with. It
// gets single Secrets and ServiceAccounts by name, so that a Role with resourceNames
// is enough for it; it lists and watches nothing, and writes nothing.
package pullsecret

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	typedv1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/registry/keychain"
)

// Config says which cluster is read, and how long what was read is taken for true.
type Config struct {
	// REST is the way to the cluster. It is required.
	REST *rest.Config
	// Life is how long a Secret is kept; after a refusal it is read again at once.
	// The default is 5 min.
	Life time.Duration
	// Timeout bounds one request. The default is 10 s.
	Timeout time.Duration
	// Now tells the time. The default is time.Now.
	Now func() time.Time
}

// Reader reads Secrets. It is safe for use by many goroutines.
type Reader struct {
	client  typedv1.CoreV1Interface
	secrets *kept[keychain.Auths]
	account *kept[[]string] // the names of its pull secrets
}

// New makes a Reader. It sends nothing.
func New(c Config) (*Reader, error) {
	if c.REST == nil {
		return nil, errors.New("reading pull secrets: no cluster is given")
	}
	if c.Life == 0 {
		c.Life = 5 * time.Minute
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	restConfig := rest.CopyConfig(c.REST)
	restConfig.Timeout = c.Timeout
	if c.Timeout == 0 {
		restConfig.Timeout = 10 * time.Second
	}
	client, err := typedv1.NewForConfig(restConfig)
	if err != nil {
		return nil, fmt.Errorf("reading pull secrets: %w", err)
	}
	r := &Reader{client: client}
	r.secrets = newKept(c, r.readAuths)
	r.account = newKept(c, r.readAccount)
	return r, nil
}

// Read returns one value of a Secret, such as a public key. It isn't kept.
func (r *Reader) Read(ctx context.Context, namespace, name, key string) ([]byte, error) {
	s, err := r.client.Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading the Secret %s/%s: %w", namespace, name, err)
	}
	value, found := s.Data[key]
	if !found {
		return nil, fmt.Errorf("the Secret %s/%s has no key %q", namespace, name, key)
	}
	return value, nil
}

// Secret is a Secret of the type kubernetes.io/dockerconfigjson or dockercfg. It is an
// error when it has nothing for a host.
func (r *Reader) Secret(namespace, name string) keychain.Source {
	return source{r, object{namespace, name}, false}
}

// ServiceAccount is all the imagePullSecrets of a ServiceAccount, in their order. It is
// an error when none of them has anything for a host; single ones may be missing,
// as they may for a Pod.
func (r *Reader) ServiceAccount(namespace, name string) keychain.Source {
	return source{r, object{namespace, name}, true}
}

// object names a Secret or a ServiceAccount.
type object struct{ namespace, name string }

// String writes it as kubectl does.
func (o object) String() string { return o.namespace + "/" + o.name }

type source struct {
	reader  *Reader
	object  object
	account bool
}

// Find implements keychain.Source.
func (s source) Find(ctx context.Context, target authn.Resource, fresh bool) (authn.AuthConfig, error) {
	if !s.account {
		auths, err := s.reader.secrets.get(ctx, s.object, fresh)
		if err != nil {
			return authn.AuthConfig{}, err
		}
		found := auths.Match(target)
		if found == (authn.AuthConfig{}) {
			err = fmt.Errorf("the Secret %s has no credentials for %s", s.object, target.RegistryStr())
		}
		return found, err
	}
	names, err := s.reader.account.get(ctx, s.object, fresh)
	if err != nil {
		return authn.AuthConfig{}, err
	}
	var failed error
	for _, name := range names {
		auths, err := s.reader.secrets.get(ctx, object{s.object.namespace, name}, fresh)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		if found := auths.Match(target); found != (authn.AuthConfig{}) {
			return found, nil
		}
	}
	return authn.AuthConfig{}, errors.Join(
		fmt.Errorf("no imagePullSecret of the ServiceAccount %s has credentials for %s", s.object, target.RegistryStr()), failed)
}

func (r *Reader) readAuths(ctx context.Context, o object) (keychain.Auths, error) {
	s, err := r.client.Secrets(o.namespace).Get(ctx, o.name, metav1.GetOptions{})
	if err != nil {
		return keychain.Auths{}, fmt.Errorf("reading the Secret %s: %w", o, err)
	}
	var auths keychain.Auths
	switch s.Type {
	case corev1.SecretTypeDockerConfigJson:
		auths, err = keychain.ParseAuths(s.Data[corev1.DockerConfigJsonKey])
	case corev1.SecretTypeDockercfg:
		auths, err = keychain.ParseDockercfg(s.Data[corev1.DockerConfigKey])
	default:
		err = fmt.Errorf("its type is %q, not %s or %s", s.Type, corev1.SecretTypeDockerConfigJson, corev1.SecretTypeDockercfg)
	}
	if err != nil {
		return keychain.Auths{}, fmt.Errorf("the Secret %s: %w", o, err)
	}
	return auths, nil
}

func (r *Reader) readAccount(ctx context.Context, o object) ([]string, error) {
	account, err := r.client.ServiceAccounts(o.namespace).Get(ctx, o.name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading the ServiceAccount %s: %w", o, err)
	}
	names := make([]string, 0, len(account.ImagePullSecrets))
	for _, ref := range account.ImagePullSecrets {
		names = append(names, ref.Name)
	}
	return names, nil
}
