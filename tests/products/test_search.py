import pytest

from convergence.database.search import search
from convergence.products.models import Product
from tests.factories import ProductFactory


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["telesuivi cœur", "TÉLÉSUIVI", "coeur télé", "editeur coeur"])
def test_search_forgives_accents_case_and_ligatures(text):
    found = ProductFactory(name="Télésuivi du Cœur", organisation__name="Éditeur Santé")
    ProductFactory(name="Agenda", organisation__name="Autre")

    assert list(search(Product.objects.all(), text, "name", "organisation__name")) == [found]
