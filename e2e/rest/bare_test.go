package rest_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/towline-dev/towline/e2e/testbed/process"
	"github.com/towline-dev/towline/reconciler/apply"
)

// bareEnv, with a kubeconfig, has the test's own program be a bare informer.
const bareEnv = "TOWLINE_TEST_BARE_INFORMER"

// bareMain keeps the metadata of all objects of [kinds] that carry a set's label, as most controllers do, and nothing
// else, until it is told to end. It says how many there are.
func bareMain(kubeconfig string, out io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := metadata.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := metadatainformer.NewFilteredSharedInformerFactory(client, 0, metav1.NamespaceAll, func(options *metav1.ListOptions) {
		options.LabelSelector = apply.PartOfLabel
	})
	var all []informers.GenericInformer
	for _, resource := range []schema.GroupVersionResource{
		{Version: "v1", Resource: "configmaps"}, {Version: "v1", Resource: "services"}, {Group: "apps", Version: "v1", Resource: "deployments"},
	} {
		informer := factory.ForResource(resource)
		informer.Informer() // which has it started
		all = append(all, informer)
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	n := 0
	for _, informer := range all {
		n += len(informer.Informer().GetStore().ListKeys())
	}
	debug.FreeOSMemory() // at its best: it may wait long for the runtime to do that
	if _, err := fmt.Fprintf(out, "holding %d objects\n", n); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// bare measures a process that does nothing but hold the metadata of the same objects.
func (s *scene) bare() memory {
	s.Helper()
	program, err := os.Executable()
	s.must(err)
	log := filepath.Join(s.TempDir(), "bare.log")
	child, err := process.Start(process.Spec{
		Name: "bare informer", Path: program, Log: log, Env: append(os.Environ(), bareEnv+"="+s.cluster.Kubeconfig),
	})
	s.must(err)
	defer child.Stop()
	s.must(child.Await(s.ctx(), func(context.Context) error {
		said, err := os.ReadFile(log)
		if err == nil && !strings.Contains(string(said), "holding ") {
			err = fmt.Errorf("it said %q", said)
		}
		return err
	}))
	said, err := os.ReadFile(log)
	s.must(err)
	s.Logf("bare informer: %s", strings.TrimSpace(string(said)))
	return s.memoryOf(child.PID())
}
