/* MNIST: handwritten digits (LeCun, Bottou, Bengio, Haffner, "Gradient-based learning
 * applied to document recognition", 1998). Mean and deviation are the four digits that
 * training scripts have always used. */
#include "data/dataset_files.h"

static const char *const places[] = {"/usr/share/datasets/mnist",
                                     "/usr/local/share/datasets/mnist", NULL};

const ebb_dataset_kind ebb_dataset_mnist = {
    .choice = {"mnist", "handwritten digits, 28 x 28, 60,000 + 10,000 images"},
    .licence = "CC BY-SA 3.0 (Yann LeCun and Corinna Cortes)",
    .rows = 28,
    .columns = 28,
    .classes = 10,
    .n_train = 60000,
    .n_test = 10000,
    .mean = 0.1307,
    .deviation = 0.3081,
    .files =
        {
            {{"train-images-idx3-ubyte", "train-images.idx3-ubyte", NULL},
             "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
            {{"train-labels-idx1-ubyte", "train-labels.idx1-ubyte", NULL},
             "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
            {{"t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte", NULL},
             "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
            {{"t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte", NULL},
             "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
        },
    .places = places,
    .source =
        "the four files of the original MNIST are needed, no Debian package has them",
    .load = ebb_dataset_files_load,
};
