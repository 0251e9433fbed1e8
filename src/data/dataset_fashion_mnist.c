/* Fashion-MNIST: pictures of clothing in the format and the numbers of MNIST (Xiao,
 * Rasul, Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine
 * learning algorithms", 2017). */
#include "data/dataset_files.h"

static const char *const places[] = {"/usr/share/datasets/fashion-mnist",
                                     "/usr/local/share/datasets/fashion-mnist", NULL};

const ebb_dataset_kind ebb_dataset_fashion_mnist = {
    .choice = {"fashion-mnist", "pictures of clothing, 28 x 28, 60,000 + 10,000 images"},
    .licence = "MIT (Zalando SE)",
    .rows = 28,
    .columns = 28,
    .classes = 10,
    .n_train = 60000,
    .n_test = 10000,
    .mean = 0.2860,
    .deviation = 0.3530,
    .files =
        {
            {{"train-images-idx3-ubyte", "train-images.idx3-ubyte", NULL},
             "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"},
            {{"train-labels-idx1-ubyte", "train-labels.idx1-ubyte", NULL},
             "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"},
            {{"t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte", NULL},
             "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"},
            {{"t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte", NULL},
             "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"},
        },
    .places = places,
    .source = "Debian's package dataset-fashion-mnist installs them",
    .load = ebb_dataset_files_load,
};
