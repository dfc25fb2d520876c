package inspect

import (
	"context"
	"errors"
	"fmt"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/render"
	"github.com/towline-dev/towline/reconciler/capabilities"
)

// Decrypters makes what opens encrypted files of the values of the Secret that a Sync names.
type Decrypters func(keys map[string][]byte) (build.Decrypter, error)

// Options gives the options that a Sync's manifests are built with. What they need of the
// cluster, variables and keys among it, is read with the person's rights.
func (c *Client) Options(ctx context.Context, sync *v1.Sync, decrypters Decrypters) (build.Options, error) {
	options := render.OptionsOf(sync)
	var err error
	if options.Variables, err = c.variables(ctx, sync); err != nil {
		return options, err
	}
	if sync.Spec.Decryption != nil {
		if options.Decryption, err = c.decryption(ctx, sync, decrypters); err != nil {
			return options, err
		}
	}
	if options.Cluster, err = c.capabilities(ctx); err != nil {
		return options, err
	}
	return options, nil
}

func (c *Client) variables(ctx context.Context, sync *v1.Sync) (map[string]string, error) {
	substitute := sync.Spec.Substitute
	if substitute == nil {
		return nil, nil
	}
	all := map[string]string{}
	for _, from := range substitute.From {
		values, err := c.values(ctx, sync.Namespace, from.Kind, from.Name)
		switch {
		case apierrors.IsNotFound(err) && from.Optional:
			continue
		case err != nil:
			return nil, fmt.Errorf("reading variables from %s %s/%s: %w", from.Kind, sync.Namespace, from.Name, err)
		}
		for name, value := range values {
			all[name] = string(value)
		}
	}
	maps.Copy(all, substitute.Variables)
	return all, nil
}

// values reads what a ConfigMap or a Secret holds.
func (c *Client) values(ctx context.Context, namespace, kind, name string) (map[string][]byte, error) {
	if kind == "Secret" {
		object, err := c.core.Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		return object.Data, nil
	}
	object, err := c.core.ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	all := map[string][]byte{}
	for key, value := range object.Data {
		all[key] = []byte(value)
	}
	return all, nil
}

func (c *Client) decryption(ctx context.Context, sync *v1.Sync, decrypters Decrypters) (build.Decrypter, error) {
	name := sync.Spec.Decryption.SecretRef.Name
	if decrypters == nil {
		return nil, errors.New("nothing here opens encrypted files")
	}
	keys, err := c.values(ctx, sync.Namespace, "Secret", name)
	if err != nil {
		return nil, fmt.Errorf("reading the keys of encrypted files from Secret %s/%s: %w (hint: a diff of encrypted manifests needs the right to read it)", sync.Namespace, name, err)
	}
	decrypter, err := decrypters(keys)
	if err != nil {
		return nil, fmt.Errorf("using the keys in Secret %s/%s: %w", sync.Namespace, name, err)
	}
	return decrypter, nil
}

// capabilities asks what the cluster can do, which charts may ask for.
func (c *Client) capabilities(ctx context.Context) (build.Capabilities, error) {
	if err := ctx.Err(); err != nil { // discovery takes no context
		return build.Capabilities{}, err
	}
	client, err := discovery.NewDiscoveryClientForConfigAndClient(c.rest, c.http)
	if err != nil {
		return build.Capabilities{}, fmt.Errorf("asking what the cluster can do: %w", err)
	}
	return capabilities.Read(client)
}
