package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os"

	v1 "k8s.io/api/core/v1"
	resourcev1 "k8s.io/api/resource/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	resourceslicetracker "k8s.io/dynamic-resource-allocation/resourceslice/tracker"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/latest"
	internalcache "k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/dynamicresources"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/nodevolumelimits"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
	"k8s.io/kubernetes/pkg/scheduler/util/assumecache"
)

// swapLister lets one framework instance serve a fresh snapshot per case.
type swapLister struct{ *internalcache.Snapshot }

type nominator struct{}

func (nominator) AddNominatedPod(klog.Logger, fwk.PodInfo, *fwk.NominatingInfo) {}
func (nominator) DeleteNominatedPodIfExists(*v1.Pod)                            {}
func (nominator) UpdateNominatedPod(klog.Logger, *v1.Pod, fwk.PodInfo)          {}
func (nominator) NominatedPodsForNode(string) []fwk.PodInfo                     { return nil }

// claimFeed hands a case's claims to the scheduler's cache as an informer would, but at once.
type claimFeed struct {
	handlers []cache.ResourceEventHandler
	held     []*resourcev1.ResourceClaim
}

func (f *claimFeed) AddEventHandler(h cache.ResourceEventHandler) (cache.ResourceEventHandlerRegistration, error) {
	f.handlers = append(f.handlers, h)
	return nil, nil
}

func (f *claimFeed) replace(claims []*resourcev1.ResourceClaim) {
	for _, h := range f.handlers {
		for _, c := range f.held {
			h.OnDelete(c)
		}
		for _, c := range claims {
			h.OnAdd(c, true)
		}
	}
	f.held = claims
}

func replace[T any](store cache.Indexer, objects []T) {
	for _, o := range store.List() {
		_ = store.Delete(o)
	}
	for _, o := range objects {
		_ = store.Add(o)
	}
}

type oracleCase struct {
	ID         json.RawMessage `json:"id"`
	Namespaces []*v1.Namespace `json:"namespaces"`
	Nodes      []*v1.Node      `json:"nodes"`
	Pods       []*v1.Pod       `json:"pods"`
	Pod        *v1.Pod         `json:"pod"`

	Classes []*resourcev1.DeviceClass   `json:"classes"`
	Slices  []*resourcev1.ResourceSlice `json:"slices"`
	Claims  []*resourcev1.ResourceClaim `json:"claims"`
}
type reject struct {
	Plugin       string   `json:"plugin"`
	Reasons      []string `json:"reasons"`
	Unresolvable bool     `json:"unresolvable,omitempty"`
}
type nodeScore struct {
	Total   int64            `json:"total"`
	Plugins map[string]int64 `json:"plugins"`
}
type answer struct {
	ID        json.RawMessage      `json:"id"`
	Error     string               `json:"error,omitempty"`
	PreFilter *reject              `json:"preFilter,omitempty"`
	Feasible  []string             `json:"feasible"`
	Rejected  map[string]reject    `json:"rejected,omitempty"`
	Scores    map[string]nodeScore `json:"scores,omitempty"`
	Best      []string             `json:"best,omitempty"` // all nodes with the highest total: the scheduler picks one of them at random
}

// runOracle answers one JSON case per line: the verdicts of the stock scheduler
// plugins of the default profile, without an API server.
func runOracle() error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	metrics.Register()
	client, err := kubernetes.NewForConfig(&rest.Config{Host: "http://127.0.0.1:1"})
	if err != nil {
		return err
	}
	inf := informers.NewSharedInformerFactory(client, 0)
	nsIdx := inf.Core().V1().Namespaces().Informer().GetIndexer()
	cfg, err := latest.Default()
	if err != nil {
		return err
	}
	logger := klog.Background()
	feed := &claimFeed{}
	claims := assumecache.NewAssumeCache(logger, feed, "ResourceClaim", "", nil)
	classIdx := inf.Resource().V1().DeviceClasses().Informer().GetIndexer()
	sliceIdx := inf.Resource().V1().ResourceSlices().Informer().GetIndexer()
	tracker, err := resourceslicetracker.StartTracker(ctx, resourceslicetracker.Options{SliceInformer: inf.Resource().V1().ResourceSlices(), KubeClient: client})
	if err != nil {
		return err
	}
	lister := &swapLister{internalcache.NewEmptySnapshot()}
	fw, err := frameworkruntime.NewFramework(ctx, plugins.NewInTreeRegistry(), &cfg.Profiles[0],
		frameworkruntime.WithClientSet(client), frameworkruntime.WithInformerFactory(inf),
		frameworkruntime.WithSnapshotSharedLister(lister), frameworkruntime.WithPodNominator(nominator{}),
		frameworkruntime.WithSharedDRAManager(dynamicresources.NewDRAManager(ctx, claims, tracker, inf)),
		frameworkruntime.WithSharedCSIManager(nodevolumelimits.NewCSIManager(inf.Storage().V1().CSINodes().Lister())),
		frameworkruntime.WithParallelism(1))
	if err != nil {
		return err
	}
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	dec := json.NewDecoder(in)
	out := bufio.NewWriter(os.Stdout)
	enc := json.NewEncoder(out)
	for {
		var c oracleCase
		if err := dec.Decode(&c); err != nil {
			break
		}
		replace(nsIdx, c.Namespaces)
		replace(classIdx, c.Classes)
		replace(sliceIdx, c.Slices)
		feed.replace(c.Claims)
		a := judge(ctx, fw, lister, &c)
		a.ID = c.ID
		if err := enc.Encode(a); err != nil {
			return err
		}
		if dec.Buffered() == nil || in.Buffered() == 0 {
			_ = out.Flush()
		}
	}
	return out.Flush()
}

func judge(ctx context.Context, fw framework.Framework, l *swapLister, c *oracleCase) (a answer) {
	for i, p := range append([]*v1.Pod{c.Pod}, c.Pods...) {
		if p.UID == "" {
			p.UID = types.UID(p.Namespace + "/" + p.Name + "#" + string(rune('a'+i%26)))
		}
		if p.Namespace == "" {
			p.Namespace = metav1.NamespaceDefault
		}
	}
	l.Snapshot = internalcache.NewSnapshot(c.Pods, c.Nodes)
	state := framework.NewCycleState()
	a.Feasible, a.Rejected = []string{}, map[string]reject{}
	pre, st, _ := fw.RunPreFilterPlugins(ctx, state, c.Pod)
	if !st.IsSuccess() {
		if !st.IsRejected() {
			a.Error = st.Message()
			return
		}
		a.PreFilter = &reject{Plugin: st.Plugin(), Reasons: st.Reasons()}
		return
	}
	all, err := l.NodeInfos().List()
	if err != nil {
		a.Error = err.Error()
		return
	}
	var fit []fwk.NodeInfo
	for _, n := range all {
		name := n.Node().Name
		if !pre.AllNodes() && !pre.NodeNames.Has(name) {
			a.Rejected[name] = reject{Plugin: "PreFilter", Reasons: []string{"node not in the PreFilter result"}, Unresolvable: true}
			continue
		}
		s := fw.RunFilterPluginsWithNominatedPods(ctx, state, c.Pod, n)
		switch {
		case s.IsSuccess():
			fit = append(fit, n)
			a.Feasible = append(a.Feasible, name)
		case s.IsRejected():
			a.Rejected[name] = reject{Plugin: s.Plugin(), Reasons: s.Reasons(), Unresolvable: s.Code() == fwk.UnschedulableAndUnresolvable}
		default:
			a.Error = s.Message()
			return
		}
	}
	if len(fit) == 0 {
		return
	}
	if s := fw.RunPreScorePlugins(ctx, state, c.Pod, fit); !s.IsSuccess() {
		a.Error = s.Message()
		return
	}
	scores, s := fw.RunScorePlugins(ctx, state, c.Pod, fit)
	if !s.IsSuccess() {
		a.Error = s.Message()
		return
	}
	a.Scores = map[string]nodeScore{}
	max := int64(-1)
	for _, n := range scores {
		ns := nodeScore{Total: n.TotalScore, Plugins: map[string]int64{}}
		for _, p := range n.Scores {
			ns.Plugins[p.Name] = p.Score
		}
		a.Scores[n.Name] = ns
		if n.TotalScore > max {
			max, a.Best = n.TotalScore, nil
		}
		if n.TotalScore == max {
			a.Best = append(a.Best, n.Name)
		}
	}
	return
}
