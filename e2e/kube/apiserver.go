package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	restclient "k8s.io/client-go/rest"
	cliflag "k8s.io/component-base/cli/flag"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	apioptions "k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// serviceRange is where Services get their addresses, kubernetes.default first.
const serviceRange = "10.96.0.0/16"

// parseFlags sets a component's options the way its own command would. The
// commands themselves install signal handlers, which a process can have once.
func parseFlags(name string, sets cliflag.NamedFlagSets, args []string) error {
	all := pflag.NewFlagSet(name, pflag.ContinueOnError)
	for _, set := range sets.FlagSets {
		all.AddFlagSet(set)
	}
	return all.Parse(args)
}

// startAPIServer starts kube-apiserver on a listener that is open already.
func startAPIServer(ctx context.Context, l net.Listener, etcd string, keys keyDir) (component, error) {
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return component{}, err
	}
	opts := apioptions.NewServerRunOptions()
	err = parseFlags("kube-apiserver", opts.Flags(), []string{
		"--bind-address=" + host, "--advertise-address=" + host, "--secure-port=" + port,
		"--etcd-servers=" + etcd, "--storage-media-type=application/vnd.kubernetes.protobuf",
		"--tls-cert-file=" + keys.file("apiserver.crt"), "--tls-private-key-file=" + keys.file("apiserver.key"),
		"--client-ca-file=" + keys.file("ca.crt"),
		"--kubelet-client-certificate=" + keys.file("admin.crt"), "--kubelet-client-key=" + keys.file("admin.key"),
		"--requestheader-client-ca-file=" + keys.file("front-ca.crt"), "--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + keys.file("front.crt"), "--proxy-client-key-file=" + keys.file("front.key"),
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + keys.file("sa.pub"), "--service-account-signing-key-file=" + keys.file("sa.key"),
		"--service-cluster-ip-range=" + serviceRange, "--authorization-mode=Node,RBAC", "--allow-privileged=true",
		// A loopback address may not stand in an Endpoints object.
		"--endpoint-reconciler-type=none",
		"--shutdown-delay-duration=0s", "--profiling=false",
	})
	if err != nil {
		return component{}, err
	}
	opts.SecureServing.Listener = l
	if err := opts.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return component{}, err
	}
	if err := logsapi.ValidateAndApply(opts.Logs, utilfeature.DefaultFeatureGate); err != nil {
		return component{}, err
	}
	completed, err := opts.Complete(ctx)
	if err != nil {
		return component{}, err
	}
	if errs := completed.Validate(); len(errs) > 0 {
		return component{}, utilerrors.NewAggregate(errs)
	}
	return goRun("kube-apiserver", func() error { return app.Run(ctx, completed) }), nil
}

// awaitReady asks the API server until it says that it is ready.
func awaitReady(ctx context.Context, config *restclient.Config, api component) error {
	client, err := restclient.HTTPClientFor(config)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, config.Host+"/readyz", nil)
	if err != nil {
		return err
	}
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		if answersOK(client, request) {
			return nil
		}
		select {
		case <-ticker.C:
		case err := <-api.done:
			return fmt.Errorf("kube-apiserver ended: %w", orUnknown(err))
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func answersOK(client *http.Client, request *http.Request) bool {
	response, err := client.Do(request)
	if err != nil {
		return false // not listening yet
	}
	_ = response.Body.Close() // only the status counts
	return response.StatusCode == http.StatusOK
}
